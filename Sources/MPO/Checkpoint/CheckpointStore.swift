import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Checkpoints of one run, folders `checkpoint-<step>` in its output folder. One is complete only
/// with its file `DONE`, which lists the others and their sizes and is written last. A save goes to
/// `.tmp-checkpoint-<step>-<pid>` beside, is forced to the disk and renamed, so a kill at any point
/// leaves the earlier checkpoints as they were. One process and one thread write to a folder; a
/// `RunLock` sees to it.
public struct CheckpointStore: Sendable {
  public static let marker = "DONE"

  public let folder: URL
  /// Complete checkpoints to keep, the newest; 0 keeps all.
  public let totalLimit: Int

  public init(_ outputDirectory: String, totalLimit: Int = 0) {
    folder = URL(fileURLWithPath: outputDirectory, isDirectory: true)
    self.totalLimit = totalLimit
  }

  /// What `DONE` holds.
  struct Marker: Codable, Equatable {
    var step: Int
    /// Relative path to bytes.
    var files: [String: Int]
  }

  // MARK: - Starting

  /// Makes the output folder, removes what dead processes left behind, and finds where to start.
  /// - Parameters:
  ///   - resume: "" = start afresh, "latest", or a checkpoint folder (`RunSettings.resume`).
  ///   - overwrite: removes the checkpoints and metrics of an earlier run.
  /// - Returns: the checkpoint to load, or nil to start afresh.
  /// - Throws: `CheckpointError.occupied`, `.nothingToResume`, `.incomplete`; `FileError`.
  public func prepare(resume: String = "", overwrite: Bool = false) throws -> URL? {
    try makeOutputFolder(folder.path)
    cleanLeftovers()
    if !resume.isEmpty, resume != "latest" {
      let named = URL(fileURLWithPath: resume, isDirectory: true)
      if let reason = Self.incompleteness(named) {
        throw CheckpointError.incomplete(folder: resume, reason)
      }
      // Continuing another folder's checkpoint here would replace the run that is here.
      if !overwrite, !isInside(named), let latest = latestComplete() {
        throw CheckpointError.occupied(
          folder: folder.path, checkpoint: latest.url.lastPathComponent)
      }
      return named
    }
    if resume == "latest" {
      guard let latest = latestComplete() else {
        throw CheckpointError.nothingToResume(folder: folder.path)
      }
      return latest.url
    }
    if overwrite {
      for (_, url) in checkpoints() { try? remove(url) }
      try? FileManager.default.removeItem(at: folder.appendingPathComponent("metrics.jsonl"))
    } else if let latest = latestComplete() {
      throw CheckpointError.occupied(folder: folder.path, checkpoint: latest.url.lastPathComponent)
    }
    return nil
  }

  /// The complete checkpoint with the highest step.
  public func latestComplete() -> (step: Int, url: URL)? {
    checkpoints().last { Self.incompleteness($0.url) == nil }
  }

  /// All complete checkpoints, by step.
  public func complete() -> [(step: Int, url: URL)] {
    checkpoints().filter { Self.incompleteness($0.url) == nil }
  }

  /// Removes checkpoints later than `step`: what follows a resume from an earlier one is another run.
  public func removeNewer(than step: Int) throws {
    for (found, url) in checkpoints() where found > step { try remove(url) }
  }

  /// Why a folder is no complete checkpoint, or nil when it is one.
  public static func incompleteness(_ url: URL) -> String? {
    guard let data = try? Data(contentsOf: url.appendingPathComponent(marker)) else {
      let exists = FileManager.default.fileExists(atPath: url.path)
      return exists ? "it has no file '\(marker)'" : "there is no such folder"
    }
    guard let done = try? JSONDecoder().decode(Marker.self, from: data) else {
      return "its file '\(marker)' is damaged"
    }
    for (name, bytes) in done.files.sorted(by: { $0.key < $1.key }) {
      var status = stat()
      guard stat(url.appendingPathComponent(name).path, &status) == 0 else {
        return "'\(name)' is missing"
      }
      guard Int(status.st_size) == bytes else {
        return "'\(name)' has \(status.st_size) bytes, expected \(bytes)"
      }
    }
    return nil
  }

  // MARK: - Saving

  /// Saves `checkpoint-<step>`: `body` writes its files into the temporary folder it is given.
  /// Replaces a checkpoint of the same step. Afterwards old ones beyond `totalLimit` are removed.
  /// - Returns: the checkpoint's folder.
  /// - Throws: `CheckpointError.save` with the reason; the temporary folder is gone then and every
  ///   earlier checkpoint untouched.
  @discardableResult
  public func save(step: Int, _ body: (_ temporary: URL) throws -> Void) throws -> URL {
    guard step >= 0 else { throw CheckpointError.misuse("a checkpoint's step is \(step)") }
    let final = folder.appendingPathComponent("checkpoint-\(step)", isDirectory: true)
    let temporary = folder.appendingPathComponent(
      ".tmp-checkpoint-\(step)-\(getpid())", isDirectory: true)
    do {
      try? FileManager.default.removeItem(at: temporary)
      try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
      try body(temporary)
      try finish(temporary, step: step)
      try publish(temporary, as: final, step: step)
    } catch let error as TrainingError {
      try? FileManager.default.removeItem(at: temporary)
      throw error
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      let kept = latestComplete()?.url.lastPathComponent
      throw CheckpointError.save(
        step: step, reason: reason(error), diskFull: isDiskFull(error), kept: kept)
    }
    prune()
    return final
  }

  /// Forces all files to the disk, then writes the marker.
  private func finish(_ temporary: URL, step: Int) throws {
    var files: [String: Int] = [:]
    var folders = [temporary.path]
    for name in try FileManager.default.subpathsOfDirectory(atPath: temporary.path).sorted() {
      let path = temporary.appendingPathComponent(name).path
      var status = stat()
      guard stat(path, &status) == 0 else {
        throw FileError(call: "stat", path: path, code: errno)
      }
      if status.st_mode & S_IFMT == S_IFDIR {
        folders.append(path)
      } else {
        files[name] = Int(status.st_size)
        try DurableFile.forceFile(path)
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(Marker(step: step, files: files))
    try AtomicFile.write(
      data, to: temporary.appendingPathComponent(Self.marker).path)
    for path in folders.reversed() { try DurableFile.forceFolder(path) }
  }

  /// Renames into place. A folder cannot be renamed over another, so one of the same step is moved
  /// aside first; a kill between the two leaves a complete temporary folder, which the next start
  /// puts in place.
  private func publish(_ temporary: URL, as final: URL, step: Int) throws {
    let aside = folder.appendingPathComponent(".old-checkpoint-\(step)-\(getpid())")
    if FileManager.default.fileExists(atPath: final.path) {
      try? FileManager.default.removeItem(at: aside)
      try DurableFile.rename(final.path, to: aside.path)
    }
    do {
      try DurableFile.rename(temporary.path, to: final.path)
    } catch {
      if FileManager.default.fileExists(atPath: aside.path) {
        try? DurableFile.rename(aside.path, to: final.path)
      }
      throw error
    }
    try? FileManager.default.removeItem(at: aside)
  }

  private func prune() {
    guard totalLimit > 0 else { return }
    for (_, url) in complete().dropLast(totalLimit) { try? remove(url) }
  }

  /// Renamed first, so that an interrupted removal is finished by the next start.
  private func remove(_ url: URL) throws {
    let trash = folder.appendingPathComponent(".trash-\(url.lastPathComponent)-\(getpid())")
    try? FileManager.default.removeItem(at: trash)
    try DurableFile.rename(url.path, to: trash.path)
    try FileManager.default.removeItem(at: trash)
  }

  // MARK: - Looking around

  private func isInside(_ checkpoint: URL) -> Bool {
    checkpoint.resolvingSymlinksInPath().standardizedFileURL.deletingLastPathComponent().path
      == folder.resolvingSymlinksInPath().standardizedFileURL.path
  }

  /// All folders `checkpoint-<step>`, complete or not, by step.
  private func checkpoints() -> [(step: Int, url: URL)] {
    names().compactMap { name -> (step: Int, url: URL)? in
      guard name.hasPrefix("checkpoint-"), let step = Int(name.dropFirst("checkpoint-".count)),
        step >= 0
      else { return nil }
      return (step, folder.appendingPathComponent(name, isDirectory: true))
    }.sorted { $0.step < $1.step }
  }

  private func names() -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
  }

  /// Removes what processes that no longer run were writing: `.tmp-checkpoint-*`,
  /// `.old-checkpoint-*`, `.trash-checkpoint-*` and the `.<name>.<pid>-<id>.tmp` of `AtomicFile`. A
  /// complete temporary folder without its checkpoint is put in place instead.
  private func cleanLeftovers() {
    // Newer saves (.tmp) before what they replaced (.old).
    for name in names().sorted().reversed() {
      let url = folder.appendingPathComponent(name)
      let parts = name.split(separator: "-")
      let ofFile = name.hasPrefix(".") && name.hasSuffix(".tmp") && parts.count >= 2
      let number = ofFile ? parts[parts.count - 2].split(separator: ".").last : parts.last
      // A pid of ours is one of an earlier container with the same number: this one is starting.
      guard let owner = number.flatMap({ pid_t($0) }),
        owner == getpid() || (kill(owner, 0) != 0 && errno != EPERM)
      else { continue }
      if name.hasPrefix(".tmp-checkpoint-") || name.hasPrefix(".old-checkpoint-") {
        guard parts.count == 4, let step = Int(parts[2]) else { continue }
        let final = folder.appendingPathComponent("checkpoint-\(step)", isDirectory: true)
        let lost = !FileManager.default.fileExists(atPath: final.path)
        if lost, Self.incompleteness(url) == nil {
          try? DurableFile.rename(url.path, to: final.path)
        } else {
          try? FileManager.default.removeItem(at: url)
        }
      } else if ofFile || name.hasPrefix(".trash-checkpoint-") {
        try? FileManager.default.removeItem(at: url)
      }
    }
  }
}

/// True where the system said that the disk is full, however the error is dressed.
package func isDiskFull(_ error: any Error) -> Bool {
  if let error = error as? FileError { return error.isDiskFull }
  let code = posixCode(error)
  return code == ENOSPC || code == EDQUOT || "\(error)".contains("No space left on device")
}

/// One line for an error: what a typed one says of itself, the system's words for Foundation's.
package func reason(_ error: any Error) -> String {
  guard let error = error as? CocoaError else { return "\(error)" }
  let code = posixCode(error)
  let text = code == EIO ? error.localizedDescription : systemMessage(code)
  return error.filePath.map { "\($0): \(text)" } ?? text
}

/// The errno inside an error of Foundation; EIO when there is none.
package func posixCode(_ error: any Error) -> Int32 {
  let error = error as NSError
  if error.domain == NSPOSIXErrorDomain { return Int32(truncatingIfNeeded: error.code) }
  if error.domain == NSCocoaErrorDomain {
    if error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue { return ENOSPC }
    if error.code == CocoaError.Code.fileWriteNoPermission.rawValue { return EACCES }
    if error.code == CocoaError.Code.fileWriteVolumeReadOnly.rawValue { return EROFS }
    if error.code == CocoaError.Code.fileWriteFileExists.rawValue { return EEXIST }
  }
  if let inner = error.userInfo[NSUnderlyingErrorKey] as? NSError { return posixCode(inner) }
  return EIO
}
