import Foundation
import MPOModel

/// A file that a command is going to write at its end. Made before the work, so that a path that
/// cannot be written is found out before it and not after.
public struct ResultFile: Sendable {
  public let path: String

  /// - Parameters:
  ///   - what: of the option, for messages: `plot`, `output`.
  ///   - suffix: how the name must end, `.svg`; any name will do without it.
  /// - Throws: `FileError` or `ModelError.file` for a path that cannot be written, `PictureError` for
  ///   one of another kind.
  public init(_ path: String, what: String, suffix: String? = nil) throws {
    if let suffix, !path.lowercased().hasSuffix(suffix) {
      throw PictureError.name(path, what: what, suffix: suffix)
    }
    self.path = path
    var isFolder: ObjCBool = false
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    if FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) {
      let type = try? FileManager.default.attributesOfItem(atPath: target)[.type]
      guard type as? FileAttributeType == .typeRegular else {
        throw PictureError.notAFile(path, what: what, isFolder: isFolder.boolValue)
      }
    }
    // Its temporary is made and taken away again.
    _ = try AtomicFile(path: path)
  }

  /// Whole or not at all.
  public func write(_ text: String) throws { try AtomicFile.write(text, to: path) }
}

/// An SVG file that a run is going to write.
public struct PictureFile: Sendable {
  private let file: ResultFile
  public var path: String { file.path }

  /// - Throws: as `ResultFile`; `PictureError.name` for a path that does not end in `.svg`.
  public init(_ path: String) throws {
    file = try ResultFile(path, what: "plot", suffix: ".svg")
  }

  /// Whole or not at all.
  public func write(_ svg: String) throws { try file.write(svg) }
}

/// A result's path that is none.
public enum PictureError: Error, Equatable, CustomStringConvertible {
  case name(String, what: String, suffix: String)
  case notAFile(String, what: String, isFolder: Bool)

  public var description: String {
    switch self {
    case .name(let path, let what, let suffix):
      return "\(what) \(quoted(path)): expected a file name that ends in \(suffix)"
    case .notAFile(let path, let what, let isFolder):
      return "\(what) \(quoted(path)): expected a file, found a "
        + (isFolder ? "folder; add a file name" : "device or pipe; choose another path")
    }
  }
}
