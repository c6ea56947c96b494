import MPOBackend
import MPOModel

/// A judge that is a preference model: a reward model of transformers or TRL, or what
/// `magnetic preference` trained.
///
/// ```yaml
/// judge: {type: model, path: runs/preference}
/// ```
/// A prompt is tokenized as text, with its response, as training did it with texts; so train on prompts
/// in the form that the judge is going to see.
public final class ModelJudge: PreferenceSource {
  public let preferences: PreferenceModel
  private let encoder: PairEncoder
  public let name: String

  public init(_ preferences: PreferenceModel, name: String) {
    self.preferences = preferences
    encoder = PairEncoder(model: preferences.model)
    self.name = name
  }

  /// P (N, K, K), exactly antisymmetric. All texts of a call go through the model in batches of similar
  /// length.
  public func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    let logits = try preferences.logits(questions(prompts, responses))
    return try PreferenceTable(
      prompts: prompts.count, responses: k, values: logits.flatMap(\.probabilities), source: name)
  }

  fileprivate func questions(
    _ prompts: [String], _ responses: [[String]]
  ) throws -> [PreferenceQuestion] {
    try zip(prompts, responses).map { prompt, list in
      let ids = try encoder.ids(.text(prompt), list.map { .text($0) })
      return PreferenceQuestion(prompt: ids.prompt, responses: ids.responses)
    }
  }
}

/// The same for a Bradley-Terry model, whose scores are rewards.
public final class RewardModelJudge: RewardSource {
  private let judge: ModelJudge
  public var name: String { judge.name }

  public init(_ judge: ModelJudge) { self.judge = judge }

  public func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]] {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    let preferences = judge.preferences
    let texts = try judge.questions(prompts, responses).flatMap { question in
      question.responses.map { preferences.texts.single(question.prompt, $0) }
    }
    let scores = try preferences.outputs(texts).map { $0[0] }
    return prompts.indices.map { Array(scores[($0 * k)..<(($0 + 1) * k)]) }
  }
}

/// Settings of a judge of type `model`.
public struct ModelJudgeSettings: Sendable, Equatable {
  /// Folder of a preference model, or a hub name in the local cache.
  public var path: String
  /// bfloat16 operands of its matrix products.
  public var bf16 = false

  public init(path: String) { self.path = path }

  func makeSource(on backend: any ComputeBackend) throws -> any PreferenceSource {
    let model = try PreferenceModel.load(path, precision: bf16 ? .bf16 : .f32, on: backend)
    let judge = ModelJudge(model, name: "model \(path)")
    return model.head == .bradleyTerry ? RewardModelJudge(judge) : judge
  }
}
