import Foundation
import MPOModel

/// An SVG file that a run is going to write. Made before the run, so that a path that cannot be
/// written is found out before hours of work.
public struct PictureFile: Sendable {
  public let path: String

  /// - Throws: `FileError` or `ModelError.file` for a path that cannot be written,
  ///   `PictureError.name` for one that does not end in `.svg`.
  public init(_ path: String) throws {
    guard path.lowercased().hasSuffix(".svg") else {
      throw PictureError.name(path)
    }
    self.path = path
    var isFolder: ObjCBool = false
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    if FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) {
      let type = try? FileManager.default.attributesOfItem(atPath: target)[.type]
      guard type as? FileAttributeType == .typeRegular else {
        throw PictureError.notAFile(path, isFolder: isFolder.boolValue)
      }
    }
    // Its temporary is made and taken away again.
    _ = try AtomicFile(path: path)
  }

  /// Whole or not at all.
  public func write(_ svg: String) throws { try AtomicFile.write(svg, to: path) }
}

/// A picture's path that is none.
public enum PictureError: Error, Equatable, CustomStringConvertible {
  case name(String)
  case notAFile(String, isFolder: Bool)

  public var description: String {
    switch self {
    case .name(let path):
      return "plot \(quoted(path)): expected a file name that ends in .svg; pictures are SVG only"
    case .notAFile(let path, let isFolder):
      return "plot \(quoted(path)): expected a file, found a "
        + (isFolder ? "folder; add a file name" : "device or pipe; choose another path")
    }
  }
}
