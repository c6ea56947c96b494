import Foundation
import MPOModel

/// A reader under test: how its inputs are changed, and what reading one means.
public struct FuzzReader: Sendable {
  typealias Mutator =
    @Sendable (_ bytes: inout [UInt8], _ other: [UInt8], _ random: inout FuzzRandom) -> Void

  /// Also the folder's name in the corpus.
  public let name: String
  /// Inputs of this reader among 100.
  public let share: Int
  /// Bytes that an input may take: a constant, for tables, and so many for each byte of its own.
  public let memory: Int
  public let memoryPerByte: Int
  let mutator: Mutator
  /// Puts what the reader needs beside its input into an empty folder.
  let prepare: @Sendable (_ folder: String) throws -> Void
  /// Reads the input, of which `folder` has the bytes under `file`, and uses what was read.
  let file: String
  let read: @Sendable (_ folder: String) throws -> Void

  init(
    name: String, share: Int, mutator: @escaping Mutator,
    prepare: @escaping @Sendable (_ folder: String) throws -> Void = { _ in }, file: String,
    memory: Int = 4 << 20,
    memoryPerByte: Int = 512, read: @escaping @Sendable (_ folder: String) throws -> Void
  ) {
    self.name = name
    self.share = share
    self.memory = memory
    self.memoryPerByte = memoryPerByte
    self.mutator = mutator
    self.prepare = prepare
    self.file = file
    self.read = read
  }

  /// A reader whose inputs are changed byte by byte.
  public init(
    name: String, file: String, read: @escaping @Sendable (_ folder: String) throws -> Void
  ) {
    self.init(name: name, share: 1, mutator: ByteMutator.mutate, file: file, read: read)
  }

  /// A property that does not hold, found by `read`.
  public struct Violation: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
  }

  /// The input of this number: some seed of the corpus, changed.
  public func input(_ index: Int, seed: UInt64, corpus: [[UInt8]]) -> [UInt8] {
    var random = FuzzRandom(seed: seed, reader: name, index: index)
    guard var bytes = random.pick(corpus), let other = random.pick(corpus) else { return [] }
    for _ in 0...(random.chance(1, in: 4) ? random.below(6) : 0) {
      if random.chance(1, in: 5) {
        ByteMutator.mutate(&bytes, with: other, &random)
      } else {
        mutator(&bytes, other, &random)
      }
    }
    return bytes
  }

  /// An input's end: whether the reader took it.
  public enum Outcome: Sendable, Equatable { case accepted, refused }

  /// Writes the input and reads it. Throws what is no proper refusal.
  public func run(_ input: [UInt8], in folder: String) throws -> Outcome {
    try write(input, to: "\(folder)/\(file)")
    do {
      try read(folder)
      return .accepted
    } catch let error as ModelError {
      guard !error.description.isEmpty else { throw Violation(description: "an error of no words") }
      return .refused
    }
  }

  /// A new folder for `run`, with what belongs beside the input.
  public func makeFolder(in parent: String) throws -> String {
    let folder = "\(parent)/\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try prepare(folder)
    return folder
  }

  static func require(_ holds: Bool, _ text: @autoclosure () -> String) throws {
    guard holds else { throw Violation(description: text()) }
  }
}

/// A file's bytes.
func bytes(of path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Overwrites a file in place: the cheapest way, for a million of them.
func write(_ bytes: [UInt8], to path: String) throws {
  guard let file = fopen(path, "wb") else {
    throw FuzzReader.Violation(description: "cannot write \(path)")
  }
  let written = fwrite(bytes, 1, bytes.count, file)
  guard fclose(file) == 0, written == bytes.count else {
    throw FuzzReader.Violation(description: "cannot write \(path)")
  }
}

/// The seeds that are kept with the tests, and what was found before.
public enum FuzzCorpus {
  /// `Tests/ModelTests/Corpus`, from where this file was compiled.
  public static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("ModelTests/Corpus").path

  /// Files of one reader, by name. Throws where there is none.
  public static func files(of reader: String) throws -> [(name: String, bytes: [UInt8])] {
    let path = "\(folder)/\(reader)"
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    guard !names.isEmpty else {
      throw FuzzReader.Violation(description: "\(path) has no seed")
    }
    return try names.map {
      ($0, try bytes(of: "\(path)/\($0)"))
    }
  }
}
