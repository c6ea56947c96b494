import Foundation

/// The data folder `shared/data` that lies beside the package and is not part of it.
///
/// Where it is absent a test has nothing to read: `path` says so on standard error and gives nil,
/// so that the test can return. With `MPO_REQUIRE_SHARED=1` it gives the path all the same, and
/// the test fails where it opens the file.
public enum SharedData {
  /// The package's root folder, from where this file was compiled.
  public static let packageRoot: String = {
    let here = URL(fileURLWithPath: #filePath)
    return here.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
  }()

  /// The path of `shared/data/<relative>`, nil where it does not exist.
  public static func path(_ relative: String) -> String? {
    if let found = candidates(relative).first(where: FileManager.default.fileExists) {
      return found
    }
    let message = "SHARED DATA MISSING: shared/data/\(relative); the test checks nothing\n"
    FileHandle.standardError.write(Data(message.utf8))
    let required = ProcessInfo.processInfo.environment["MPO_REQUIRE_SHARED"] == "1"
    return required ? candidates(relative).first : nil
  }

  /// The path of `shared/data/<relative>`; throws where it does not exist.
  public static func require(_ relative: String) throws -> String {
    guard let found = path(relative), FileManager.default.fileExists(atPath: found) else {
      throw Missing(relative: relative, tried: candidates(relative))
    }
    return found
  }

  public struct Missing: Error, CustomStringConvertible {
    public let relative: String
    public let tried: [String]
    public var description: String {
      "shared data '\(relative)' not found; looked at \(tried.joined(separator: ", "))"
    }
  }

  /// Beside the package (a worktree of the project), or a link inside it.
  private static func candidates(_ relative: String) -> [String] {
    ["\(packageRoot)/../shared/data/\(relative)", "\(packageRoot)/shared/data/\(relative)"]
  }
}
