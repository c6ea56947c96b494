import ArgumentParser
import Foundation
import MPO
import MPOBackend
import MPOModel

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Continues prompts with a model.",
    discussion: """
      With --json, a line each: {"prompt", "text" (the completion), "token_ids"}. The draws \
      depend on the seed and on a prompt's place in the input, not on how many are decoded at \
      once; up to rounding they are the same on any device. Prompts that are lists of messages, \
      and with --chat every prompt, go through the model's chat template.
      """)

  @Option(help: "Model folder, or a hub name in the local cache.") var model: String
  @Option(parsing: .unconditional, help: "One prompt; an empty one starts from BOS.")
  var prompt: String?
  @Option(help: "JSON lines with a key 'prompt', a text or a list of messages.") var input: String?
  @Flag(help: "Take each text as a user's message.") var chat = false
  @Option(help: "Jinja file to use in place of the model's own chat template.")
  var chatTemplate: String?
  @Option(help: "Longest completion, in tokens.") var maxNewTokens = 64
  @Option(help: "Logits are divided by it; 0 takes the likeliest token.") var temperature = 1.0
  @Option(help: "Sample among the k likeliest tokens; 0 is off.") var topK = 0
  @Option(help: "Sample among the likeliest tokens of this mass; 1 is off.") var topP = 1.0
  @Option(help: "Drop tokens below this share of the likeliest one's probability; 0 is off.")
  var minP = 0.0
  @Option(help: "Completions of each prompt.") var numReturnSequences = 1
  @Option(help: "Seed of the random numbers.") var seed: UInt64 = 0
  @Flag(help: "Print JSON lines.") var json = false
  @OptionGroup var deviceOptions: DeviceOptions
  @OptionGroup var precisionOptions: PrecisionOptions

  func validate() throws {
    guard (prompt == nil) != (input == nil) else {
      throw ValidationError("give either --prompt TEXT or --input FILE")
    }
    guard maxNewTokens > 0 else {
      throw ValidationError("--max-new-tokens: expected 1 or more, found \(maxNewTokens)")
    }
    guard temperature == 0 || (1e-6...1e6).contains(temperature) else {
      throw ValidationError("--temperature: expected 0, or 1e-6 to 1e6, found \(temperature)")
    }
    guard topK >= 0, topP >= 1e-6, topP <= 1, minP >= 0, minP <= 1 else {
      throw ValidationError("--top-k is 0 or more, --top-p in [1e-6, 1], --min-p in [0, 1]")
    }
    guard (1...1_000_000).contains(numReturnSequences) else {
      throw ValidationError(
        "--num-return-sequences: expected 1 to 1000000, found \(numReturnSequences)")
    }
  }

  func run() throws {
    let prompts = try (input.map(PromptDataset.read) ?? [.text(prompt ?? "")]).map(asked)
    let model = try readModel(model, precisionOptions.precision(), on: deviceOptions.open())
    let tokens = try PromptEncoder(model, chatTemplate: chatTemplate ?? "").ids(prompts)
    let settings = GenerationSettings(
      maxNewTokens: maxNewTokens,
      sampling: SamplingSettings(
        temperature: Float(temperature), topK: topK, topP: Float(topP), minP: Float(minP)),
      stopTokens: Set(model.generation.stopIDs), seed: seed)
    let completions = try Generator(model.decoder, model.parameters).generate(
      tokens, samples: numReturnSequences, settings: settings)
    for (i, list) in completions.enumerated() {
      for completion in list {
        let text = model.text(of: completion, after: tokens[i])
        if json {
          var line = JSONLine()
          line.add("prompt", prompts[i].text)
          line.add("text", text)
          line.add("token_ids", completion.tokens)
          try output(line.text)
        } else {
          // A conversation's markers are not for reading.
          if case .text(let prompt) = prompts[i] {
            try output(prompt + text)
          } else {
            try output(text)
          }
        }
      }
    }
  }

  /// With --chat a text is what a user says.
  private func asked(_ prompt: Prompt) -> Prompt {
    guard chat, case .text(let text) = prompt else { return prompt }
    let message = JSONObject([
      .init(name: "role", value: .string("user")), .init(name: "content", value: .string(text)),
    ])
    return .conversation(ChatTemplate.Input([.object(message)]))
  }
}
