import Fuzzing
import MPOModel
import TestSupport
import Testing

/// The fuzzed readers on their seeds, on what was once found, and on some thousand new inputs. Runs
/// in this process, so that a crash ends the tests: magnetic-fuzz (tools/fuzz.sh) reads a million,
/// and watches memory, time and opened files too.
@Suite struct FuzzCorpusTests {
  /// What once gave ids outside of the vocabulary, or took memory in proportion to a number that it
  /// named, is refused.
  @Test func refusesWhatWasFound() throws {
    let temporary = try TemporaryFolder()
    var count = 0
    for reader in FuzzReader.all {
      let folder = try reader.makeFolder(in: temporary.path)
      for (file, bytes) in try FuzzCorpus.files(of: reader.name) where file.hasPrefix("found-") {
        #expect(try reader.run(bytes, in: folder) == .refused, "\(reader.name)/\(file)")
        count += 1
      }
    }
    #expect(count > 3)
  }

  /// Seeds are sound: a reader that refuses them would be tested on nothing.
  @Test(arguments: FuzzReader.all.map(\.name)) func takesSeeds(_ name: String) throws {
    let reader = try #require(FuzzReader.named(name))
    let temporary = try TemporaryFolder()
    let folder = try reader.makeFolder(in: temporary.path)
    let seeds = try FuzzCorpus.files(of: name).filter { $0.name.hasPrefix("seed-") }
    #expect(!seeds.isEmpty)
    for (file, bytes) in seeds {
      #expect(try reader.run(bytes, in: folder) == .accepted, "\(file)")
    }
  }

  /// The same inputs in every run.
  @Test(arguments: FuzzReader.all.map(\.name)) func mutantsAreReadOrRefused(_ name: String) throws {
    let reader = try #require(FuzzReader.named(name))
    let temporary = try TemporaryFolder()
    let folder = try reader.makeFolder(in: temporary.path)
    let corpus = try FuzzCorpus.files(of: name).map(\.bytes)
    for index in 0..<(20 * reader.share) {
      let input = reader.input(index, seed: 20_261_121, corpus: corpus)
      #expect(throws: Never.self, "input \(index)") { try reader.run(input, in: folder) }
    }
  }

  @Test func inputsDependOnSeedReaderAndNumberAlone() throws {
    let reader = try #require(FuzzReader.named("json"))
    let corpus = try FuzzCorpus.files(of: "json").map(\.bytes)
    func inputs(_ seed: UInt64, _ reader: FuzzReader) -> [[UInt8]] {
      (0..<50).map { reader.input($0, seed: seed, corpus: corpus) }
    }
    #expect(inputs(1, reader) == inputs(1, reader))
    #expect(inputs(1, reader) != inputs(2, reader))
    #expect(inputs(1, reader) != inputs(1, try #require(FuzzReader.named("config"))))
    #expect(Set(inputs(1, reader)).count > 30)
  }

  /// A reader that breaks its word is found out.
  @Test func violationsAreThrown() throws {
    let temporary = try TemporaryFolder()
    let reader = FuzzReader(
      name: "broken", file: "input",
      read: { _ in throw FuzzReader.Violation(description: "found") })
    let folder = try reader.makeFolder(in: temporary.path)
    #expect(throws: FuzzReader.Violation.self) { try reader.run([], in: folder) }
    let refusing = FuzzReader(
      name: "refusing", file: "input", read: { _ in throw ModelError.argument("no") })
    #expect(try refusing.run([1], in: refusing.makeFolder(in: temporary.path)) == .refused)
  }
}
