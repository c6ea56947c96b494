import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Finds runs and reads what their folders say of them.
enum RunFolder {
  static let metrics = "metrics.jsonl"
  /// Levels below a given folder that are searched.
  private static let depth = 3

  /// The runs that `paths` name, in their order: a run's folder, its metrics.jsonl, or a folder of
  /// runs, whose runs follow in the order of their names (numbers by value).
  /// - Throws: `ReportError`.
  static func find(_ paths: [String]) throws -> [String] {
    var found: [String] = []
    var seen: Set<String> = []
    for path in paths {
      let runs = try runs(path)
      for run in runs {
        let real = URL(fileURLWithPath: run).resolvingSymlinksInPath().path
        guard seen.insert(real).inserted else { throw ReportError.twice(path: run) }
        found.append(run)
      }
    }
    return found
  }

  private static func runs(_ path: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw ReportError.missing(path: path)
    }
    let plain = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard isFolder.boolValue else {
      guard plain.hasSuffix(metrics) else { throw ReportError.notARun(path: path, found: "a file") }
      let folder = String(plain.dropLast(metrics.count))
      return [folder.isEmpty ? "." : folder.count > 1 ? String(folder.dropLast()) : folder]
    }
    let below = search(plain, depth)
    guard below.isEmpty else { return below }
    let names = entries(plain)
    let some = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", ..." : "")
    throw ReportError.notARun(
      path: path, found: names.isEmpty ? "an empty folder" : "a folder with \(some)")
  }

  private static func search(_ folder: String, _ depth: Int) -> [String] {
    if FileManager.default.fileExists(atPath: "\(folder)/\(metrics)") { return [folder] }
    guard depth > 0 else { return [] }
    return entries(folder).flatMap { name -> [String] in
      var isFolder: ObjCBool = false
      let path = "\(folder)/\(name)"
      guard !name.hasPrefix("."), !name.hasPrefix("checkpoint-"),
        FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
      else { return [] }
      return search(path, depth - 1)
    }
  }

  private static func entries(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted(by: precedes)
  }

  /// `seed-2` before `seed-10`.
  static func precedes(_ a: String, _ b: String) -> Bool {
    func parts(_ text: String) -> [(text: String, number: Int?)] {
      var parts: [(text: String, number: Int?)] = []
      for character in text {
        let isDigit = character.isASCII && character.isNumber
        if let last = parts.last, (last.number != nil) == isDigit {
          let joined = last.text + String(character)
          parts[parts.count - 1] = (joined, isDigit ? Int(joined) ?? .max : nil)
        } else {
          parts.append((String(character), isDigit ? Int(String(character)) : nil))
        }
      }
      return parts
    }
    for (x, y) in zip(parts(a), parts(b)) where x.text != y.text {
      if let m = x.number, let n = y.number, m != n { return m < n }
      return x.text < y.text
    }
    return a.count == b.count ? a < b : a.count < b.count
  }

  /// Metrics, settings and status of a run.
  /// - Throws: `FileError` when metrics.jsonl cannot be read.
  static func read(_ folder: String, name: String) throws -> LoggedRun {
    var run = LoggedRun(folder: folder, name: name)
    try MetricsReader.read("\(folder)/\(metrics)", into: &run)
    readSettings(&run)
    run.stepsInAll = run.settings["max_steps"].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil }
    run.status = status(run)
    return run
  }

  /// From the newest complete checkpoint, else from what the run wrote when it began.
  private static func readSettings(_ run: inout LoggedRun) {
    if let newest = CheckpointStore(run.folder).latestComplete() {
      do {
        run.settings = try TrainerState.read(from: newest.url).settings
        run.settingsSource = newest.url.lastPathComponent + "/" + TrainerState.fileName
        return
      } catch {
        run.notes.append("settings: \(error)")
      }
    }
    let path = "\(run.folder)/\(RunDescription.fileName)"
    guard let object = (try? JSONValue(file: path))?.object?["settings"]?.object else { return }
    run.settings = Dictionary(
      object.members.compactMap { member in member.value.plain.map { (member.name, $0) } },
      uniquingKeysWith: { $1 })
    run.settingsSource = RunDescription.fileName
  }

  private static func status(_ run: LoggedRun) -> LoggedRun.Status {
    if isLocked(run.folder) { return .running }
    let files = [
      "model.safetensors", "model.safetensors.index.json", "adapter_model.safetensors",
    ]
    guard files.contains(where: { FileManager.default.fileExists(atPath: "\(run.folder)/\($0)") })
    else { return .open }
    // A model that an earlier run left does not finish this one.
    return run.lastStep >= run.stepsInAll ?? 0 ? .finished : .open
  }

  /// Whether a process holds the folder's `RunLock`.
  private static func isLocked(_ folder: String) -> Bool {
    let descriptor = open("\(folder)/\(RunLock.fileName)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
