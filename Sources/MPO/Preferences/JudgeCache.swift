import Foundation
import MPOModel

/// Answers of slow judges, kept in a folder by what was asked, so that a run that is repeated or
/// resumed asks nothing twice. A question's name is the SHA-256 of all that decides its answer; its
/// file is `<first two digits>/<the other 62>`: one line `magnetic-judge 1 <SHA-256 of the answer>`,
/// then the answer. Files are written beside their place and renamed, so several runs may share a
/// folder; one that is damaged counts as absent and is written again. Nothing is ever removed.
public struct JudgeCache: Sendable, Equatable {
  private static let header = "magnetic-judge 1 "
  public let folder: String

  /// Makes the folder.
  /// - Throws: `PreferenceError.cache`.
  public init(_ folder: String) throws {
    self.folder = folder
    try Self.make(folder)
  }

  /// The name of a question from its parts; no two lists of parts have one name.
  public static func key(_ parts: [String]) -> String {
    SHA256.hex([UInt8](parts.map { "\($0.utf8.count):\($0)" }.joined().utf8))
  }

  /// The kept answer, or nil.
  public func answer(_ key: String) -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: path(key)) else { return nil }
    guard let end = data.firstIndex(of: 10) else { return nil }
    let answer = [UInt8](data[(end + 1)...])
    let line = String(decoding: data[..<end], as: UTF8.self)
    return line == Self.header + SHA256.hex(answer) ? answer : nil
  }

  /// Keeps an answer.
  /// - Throws: `PreferenceError.cache`.
  public func keep(_ answer: [UInt8], for key: String) throws {
    let path = path(key)
    try Self.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    let data = Data((Self.header + SHA256.hex(answer) + "\n").utf8) + Data(answer)
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw PreferenceError.cache(path: path, Self.text(error, "cannot write"))
    }
  }

  func path(_ key: String) -> String { "\(folder)/\(key.prefix(2))/\(key.dropFirst(2))" }

  private static func make(_ folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw PreferenceError.cache(path: folder, text(error, "cannot make the folder"))
    }
  }

  private static func text(_ error: any Error, _ what: String) -> String {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    guard let cause, cause.domain == NSPOSIXErrorDomain else {
      return "\(what): \(error.localizedDescription)"
    }
    return "\(what): \(systemMessage(Int32(cause.code)))"
  }
}
