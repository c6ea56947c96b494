import Foundation
import MPOModel

/// A file that an evaluation is going to write. Made before the work, so that a path that cannot be
/// written is found out before hours of it.
public struct EvaluationOutput: Sendable {
  public let path: String

  /// - Throws: `EvaluationError.output` for a folder or a device, `ModelError.file` where nothing can be
  ///   written.
  public init(_ path: String) throws {
    self.path = path
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) {
      let type = try? FileManager.default.attributesOfItem(atPath: target)[.type]
      guard type as? FileAttributeType == .typeRegular else {
        throw EvaluationError.output(
          "--output \(quoted(path)): expected a file, found a "
            + (isFolder.boolValue ? "folder; add a file name" : "device or pipe; use --json"))
      }
    }
    // Its temporary is made and taken away again.
    _ = try AtomicFile(path: path)
  }

  /// A line, whole or not at all.
  public func write(_ text: String) throws { try AtomicFile.write(text + "\n", to: path) }
}
