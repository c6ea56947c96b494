import Foundation
import MPOModel

/// Everything of a run that is not a tensor, `trainer_state.json` of a checkpoint. The random
/// numbers need no state: they are functions of the seed and of the counters here.
public struct TrainerState: Codable, Sendable, Equatable {
  public static let fileName = "trainer_state.json"
  public static let currentVersion = 1

  public var version = TrainerState.currentVersion
  /// Finished steps: rollouts, or optimizer steps of `sft`.
  public var globalStep = 0
  /// AdamW's t, and where the learning-rate schedule stands.
  public var optimizerStep = 0
  public var magnetUpdates = 0
  /// Where the adaptive magnet schedule stands.
  public var magnetClock: MagnetClock?
  /// Passes over the data, with a fraction; for people, `cursor` is what counts.
  public var epoch = 0.0
  public var cursor = DataCursor()
  public var seed: UInt64 = 0
  /// Tokens seen so far (`num_tokens`).
  public var tokens = 0
  /// Every resolved setting as it was printed.
  public var settings: [String: String] = [:]
  /// What `metrics.jsonl` holds, if the trainer keeps it too; finite values only.
  public var logHistory: [[String: Double]]?

  public init() {}

  enum CodingKeys: String, CodingKey {
    case version
    case globalStep = "global_step"
    case optimizerStep = "optimizer_step"
    case magnetUpdates = "magnet_updates"
    case magnetClock = "magnet_clock"
    case epoch
    case cursor = "data_cursor"
    case seed
    case tokens = "num_tokens"
    case settings
    case logHistory = "log_history"
  }

  /// Writes `trainer_state.json` into a folder.
  public func write(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(
      try encoder.encode(self), to: folder.appendingPathComponent(Self.fileName).path)
  }

  /// - Throws: `CheckpointError.state` naming the file.
  public static func read(from folder: URL) throws -> TrainerState {
    let path = folder.appendingPathComponent(fileName).path
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CheckpointError.state(path: path, "cannot be read")
    }
    let state: TrainerState
    do {
      state = try JSONDecoder().decode(TrainerState.self, from: data)
    } catch {
      throw CheckpointError.state(path: path, "expected the state of a run: \(error)")
    }
    guard state.version <= currentVersion else {
      throw CheckpointError.state(
        path: path, "has version \(state.version); this program reads up to \(currentVersion)")
    }
    return state
  }

  /// - Throws: `CheckpointError.state` when the random numbers of `seed` would not continue the run.
  func requireSeed(_ seed: Int, folder: URL) throws {
    guard self.seed == UInt64(seed) else {
      throw CheckpointError.state(
        path: folder.path,
        "is of a run with seed \(self.seed), this one has \(seed); the random numbers would not "
          + "continue")
    }
  }
}

extension ConfigurableSettings {
  /// A line for each setting that is not as it was when the checkpoint was saved.
  func changes(since state: TrainerState) -> [String] {
    differences(from: state.settings).filter {
      !$0.hasPrefix("resume_from_checkpoint") && !$0.hasPrefix("overwrite_output_dir")
    }.map { "changed since the checkpoint: \($0)" }
  }
}
