import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A TensorBoard event file, `events.out.tfevents.<time>.<host>.<pid>.0`, in the folder of a run:
/// `tensorboard --logdir runs` shows each run below `runs` under its folder's name.
///
/// Every number is a scalar under its own name, every text a text summary; completions are a table.
/// The records of a step are appended by one write as soon as it is done, so a kill leaves at most
/// one torn record at the end, which readers skip.
///
/// A resumed run writes a file of its own. It begins with `SessionLog.START` at the first step to
/// come, at which TensorBoard (`purge_orphaned_data`, on by default) forgets that step and later ones
/// of the earlier files: no step is shown twice. A run that starts afresh begins at step 0, so
/// nothing of an earlier run in the folder is shown.
final class EventFile: MetricsSink {
  let path: String
  private let descriptor: Int32
  private let clock: () -> Double
  private var length: off_t = 0

  /// - Parameters:
  ///   - resumedStep: the last step that stays; nil for a run that starts afresh.
  ///   - clock: seconds since 1970.
  /// - Throws: `FileError` or `ModelError` when it cannot be made.
  init(
    folder: String, resumedStep: Int?,
    clock: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    self.clock = clock
    let now = clock()
    path = "\(folder)/\(Self.name(folder: folder, now: Int(now)))"
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
    try write([
      EventRecord(wallTime: now, step: 0, content: .version),
      EventRecord(wallTime: now, step: resumedStep.map { $0 + 1 } ?? 0, content: .start),
    ])
  }

  deinit { close(descriptor) }

  /// - Throws: `ModelError` or `FileError`; records that did not fit on the disk are taken back.
  func append(step: Int, _ values: [(name: String, value: MetricValue)]) throws {
    let values = values.map { (tag: $0.name, value: EventValue($0.value)) }
    try write([EventRecord(wallTime: clock(), step: step, content: .values(values))])
  }

  private func write(_ records: [EventRecord]) throws {
    let data = records.flatMap(\.framed)
    do {
      try data.withUnsafeBytes { try writeAll($0, to: descriptor, path: path) }
      length += off_t(data.count)
    } catch {
      ftruncate(descriptor, length)
      throw error
    }
  }

  static let prefix = "events.out.tfevents."

  /// Files are read in the order of their names, so this one's time is past that of every other.
  private static func name(folder: String, now: Int) -> String {
    let others = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let last = others.compactMap { name -> Int? in
      guard name.hasPrefix(prefix) else { return nil }
      return Int(name.dropFirst(prefix.count).prefix { $0 != "." })
    }.max()
    let time = max(now, last.map { $0 + 1 } ?? now)
    return "\(prefix)\(time).\(hostName).\(getpid()).0"
  }

  private static var hostName: String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
    let name = String(
      decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return name.isEmpty || name.contains("/") ? "localhost" : name
  }
}

extension EventValue {
  /// Texts keep their very characters: each cell is a Markdown code block.
  init(_ value: MetricValue) {
    switch value {
    case .number(let number): self = .scalar(Float(number))
    case .text(let text):
      guard let samples = LoggedSample.list(text) else {
        self = .table([[Self.verbatim(text)]])
        return
      }
      self = .table(
        [["prompt", "completion", "win rate"]]
          + samples.map {
            [
              Self.verbatim($0.prompt), Self.verbatim($0.completion),
              $0.winRate.map { String(format: "%.3f", $0) } ?? "",
            ]
          })
    }
  }

  private static func verbatim(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
      .joined(separator: "\n")
  }
}
