import Foundation

/// What `alignment` writes.
struct AlignmentResult: Encodable {
  var date: String
  var commit: String
  var device: String
  var command: String
  var host: [String: String]
  var sizes: AlignmentSizes
  var rows: [Row]

  /// One method on one shape. Seconds are medians; nothing is measured of PPO.
  struct Row: Encodable {
    var shape: String
    var method: String
    /// Computed: weights, gradients, moments, reference and judge.
    var statesMiB: Double
    /// Computed: the least that an iteration needs.
    var gigaFLOPs: Double
    /// Resident at the highest less what was before the model.
    var peakMiB: Double?
    /// In tensors at the highest.
    var tensorsMiB: Double?
    var seconds: [String: Double] = [:]
    var repeats: [String: [Double]] = [:]
    var failure: String?
  }

  private enum CodingKeys: String, CodingKey {
    case date, commit, device, command, host, sizes, rows
  }

  func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(date, forKey: .date)
    try c.encode(commit, forKey: .commit)
    try c.encode(device, forKey: .device)
    try c.encode(command, forKey: .command)
    try c.encode(host, forKey: .host)
    try c.encode(
      [
        "prompts": sizes.prompts, "prompt_tokens": sizes.prompt, "samples": sizes.samples,
        "new_tokens": sizes.new, "inner_steps": sizes.innerSteps,
      ], forKey: .sizes)
    try c.encode(rows, forKey: .rows)
  }

  /// `<path>.json` and `<path>.md`.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let json = URL(fileURLWithPath: path + ".json")
    try FileManager.default.createDirectory(
      at: json.deletingLastPathComponent(), withIntermediateDirectories: true)
    try (try encoder.encode(self) + Data("\n".utf8)).write(to: json, options: .atomic)
    try Data((heading + markdown).utf8)
      .write(to: URL(fileURLWithPath: path + ".md"), options: .atomic)
  }

  var markdown: String {
    let header = [
      "shape", "method", "peak MiB", "tensors MiB", "states MiB (computed)", "s/iteration",
      "generate", "score", "train", "GFLOP (computed)",
    ]
    let body = rows.map { row in
      [row.shape, row.method]
        + [row.peakMiB, row.tensorsMiB, row.statesMiB].map(cell)
        + ["iteration", "generate", "score", "train"].map { cell(row.seconds[$0]) }
        + [row.failure.map { "failed: \($0)" } ?? cell(row.gigaFLOPs)]
    }
    return ([header, header.map { _ in "---" }] + body)
      .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n") + "\n"
  }

  private func cell(_ value: Double?) -> String { value.map(figure) ?? "-" }

  private var heading: String {
    """
    # Memory and latency of an iteration

    \(date), commit \(commit), \(device); `\(command)`. Load \(host["load_before"] ?? "?") before, \
    \(host["load_after"] ?? "?") after.

    \(sizes.prompts) prompts of \(sizes.prompt) tokens, \(sizes.samples) responses of \
    \(sizes.new) to each (of Nash-MD's mixture as many again), \(sizes.innerSteps) optimizer \
    step(s), all weights trained, f32. Random weights; a judge's model has the policy's shape. Each \
    method ran in a process of its own. Peak: resident at the highest less what was resident before \
    the model was made. Seconds are medians. States and FLOPs are computed from shapes, PPO's (policy \
    and critic with gradient and two moments each, reference, reward model) among them: it was not \
    run, and activations come on top of its states.


    """
  }
}
