import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Mixtures, splits and the settings that describe them.
@Suite struct DataMixtureTests {
  static let parts = [
    SamplerPart(count: 10, weight: 1), SamplerPart(count: 30, weight: 2),
    SamplerPart(count: 3, weight: 1),
  ]

  /// 43 draws at 1 : 2 : 1 are 10.75, 21.5 and 10.75: the largest remainders get the two over.
  @Test func drawsAreExactInEveryEpoch() {
    #expect(EpochSampler.draws(Self.parts) == [11, 21, 11])
    var sampler = EpochSampler(Self.parts, seed: 5)
    for epoch in 0..<4 {
      let drawn = (0..<43).flatMap { _ in sampler.next(1) }
      #expect(drawn.count { $0 < 10 } == 11 && drawn.count { $0 >= 40 } == 11)
      #expect(sampler.cursor == DataCursor(epoch: epoch, position: 43))
    }
    let even = [SamplerPart(count: 5, weight: 0.5), SamplerPart(count: 5, weight: 0.5)]
    #expect(EpochSampler.draws(even) == [5, 5])
    #expect(Set(EpochSampler.order(even, seed: 1, epoch: 0)) == Set(0..<10))
  }

  /// Of the part of 30, whose 21 draws do not take all, every example comes in time; that of 3 comes
  /// three to five times in each epoch of 11 draws.
  @Test func everyExampleComesInTime() {
    let epochs = (0..<10).map { EpochSampler.order(Self.parts, seed: 2, epoch: $0) }
    let large = epochs.flatMap { $0.filter { (10..<40).contains($0) } }
    var counts: [Int: Int] = [:]
    for index in large { counts[index, default: 0] += 1 }
    #expect(counts.count == 30 && counts.values.allSatisfy { $0 == 7 })
    for epoch in epochs {
      for index in 40..<43 { #expect((3...5).contains(epoch.count { $0 == index })) }
      #expect(Set(epoch.filter { (10..<40).contains($0) }).count >= 15)
    }
  }

  @Test func aMixtureResumesExactly() throws {
    var whole = EpochSampler(Self.parts, seed: 9)
    for _ in 0..<30 {
      _ = whole.next(4)
      var resumed = EpochSampler(Self.parts, seed: 9, cursor: whole.cursor)
      var copy = whole
      #expect(resumed.next(50) == copy.next(50))
    }
    #expect(
      EpochSampler.order(Self.parts, seed: 9, epoch: 0)
        != EpochSampler.order(Self.parts, seed: 10, epoch: 0))
    // Without weights the order is that of one file with all of them.
    let plain = [SamplerPart(count: 3), SamplerPart(count: 5)]
    #expect(
      EpochSampler.order(plain, seed: 0, epoch: 0)
        == EpochSampler.order(count: 8, seed: 0, epoch: 0))
  }

  /// Against a transcription of the rule in Python (Philox from its paper): a change would silently
  /// change every run.
  @Test func theOrderNeverChanges() {
    let parts = [SamplerPart(count: 2, weight: 3), SamplerPart(count: 4, weight: 1)]
    #expect(EpochSampler.draws(parts) == [5, 1])
    #expect(EpochSampler.order(parts, seed: 0, epoch: 0) == [3, 0, 0, 0, 1, 1])
    #expect(EpochSampler.order(parts, seed: 7, epoch: 3) == [2, 1, 0, 1, 1, 0])
  }

  @Test func whatIsHeldOutNeverChanges() throws {
    var settings = DatasetSettings()
    settings.testSplitSize = 0.25
    let held = try DatasetRows.chosen(20, DatasetSource("f"), settings, .test)
    #expect(held == [0, 4, 7, 8, 11])
  }

  /// Four prompts of five rows each: whole ones are held out, as few as have a quarter of the rows.
  @Test func rowsOfOnePromptAreHeldOutTogether() throws {
    var settings = DatasetSettings()
    (settings.testSplitSize, settings.testSplitBy) = (0.3, .prompt)
    let groups = (0..<20).map { $0 % 4 }
    func chosen(_ split: DataSplit) throws -> [Int] {
      try #require(try DatasetRows.chosen(20, DatasetSource("f"), settings, split) { groups })
    }
    let held = try chosen(.test)
    #expect(held.count == 10 && held == held.sorted() && Set(held.map { $0 % 4 }).count == 2)
    #expect(try Set(held + chosen(.train)) == Set(0..<20))
    settings.testSplitSize = 0.9
    #expect(throws: DataError.self) { try chosen(.train) }
  }

  /// The same rows, whatever a stage reads of them: a conversation's cuts open alike.
  @Test func cutsOfAConversationStayTogether() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<40).map { i in
      let start = "\\n\\nHuman: question \(i / 4)\\n\\nAssistant: answer"
      let more = i % 2 == 0 ? "" : "\\n\\nHuman: and \(i)?\\n\\nAssistant: more"
      return "{\"chosen\": \"\(start)\(more) A\", \"rejected\": \"\(start)\(more) B\"}\n"
    }
    var settings = DatasetSettings(name: try folder.write(rows.joined(), "hh.jsonl"))
    (settings.testSplitSize, settings.testSplitBy) = (0.2, .prompt)
    let pairs = try DatasetRows(settings, .test, .pairs).parts[0].chosen
    #expect(pairs?.count == 8 && Set((pairs ?? []).map { $0 / 4 }).count == 2)
    settings.columns.text = "rejected"
    #expect(try DatasetRows(settings, .test, .texts).parts[0].chosen == pairs)
  }

  @Test func rowsOpenWithTheirPrompt() throws {
    func opening(_ json: String, prompt: String = "") throws -> String {
      let object = try #require(JSONValue(parsing: json, path: "x").object)
      let row = DataRow(
        place: DataPlace(path: "x", number: 1, unit: .line), object: object, expected: "")
      return RowOpening.of(row, promptColumn: prompt)
    }
    #expect(try opening(#"{"prompt": "a", "chosen": "b"}"#) == "a")
    #expect(try opening(#"{"q": "a", "prompt": "b"}"#, prompt: "q") == "a")
    #expect(try opening(#"{"instruction": "a", "input": "b", "output": "c"}"#) == "a\nb")
    #expect(
      try opening(
        #"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]}"#)
        == "a")
    #expect(try opening(#"{"conversations": [{"from": "human", "value": "a"}]}"#) == "a")
    #expect(try opening(#"{"text": "whole"}"#) == "whole")
  }

  static func write(_ folder: TemporaryFolder, _ name: String, _ range: Range<Int>) throws -> String
  {
    try folder.write(range.map { "{\"prompt\": \"\($0)\"}\n" }.joined(), name)
  }

  static func numbers(_ settings: DatasetSettings, _ split: DataSplit = .train) throws -> [Int] {
    try PromptDataset.read(settings, split: split).compactMap { Int($0.text) }
  }

  @Test func heldOutRowsAreApart() throws {
    let folder = try TemporaryFolder()
    var settings = DatasetSettings(name: try Self.write(folder, "p.jsonl", 0..<50))
    #expect(!settings.hasHeldOut)
    let none = #expect(throws: DataError.self) { try Self.numbers(settings, .test) }
    #expect(none?.description.contains("nothing is held out; set test_split_size") == true)
    settings.testSplitSize = 0.1
    let test = try Self.numbers(settings, .test)
    let train = try Self.numbers(settings)
    #expect(test.count == 5 && test == test.sorted() && train == train.sorted())
    #expect(Set(test + train) == Set(0..<50) && test.count + train.count == 50)
    #expect(try Self.numbers(settings, .test) == test)
    settings.testSplitSeed = 1
    #expect(try Self.numbers(settings, .test) != test)
    settings.mixture = [DatasetSource(settings.name)]
    settings.name = ""
    settings.mixture[0].fraction = 0.2
    #expect(try Self.numbers(settings).count == 9 && Self.numbers(settings, .test).count == 5)
    settings.testSplitSize = 0.999
    #expect(throws: DataError.self) { try Self.numbers(settings) }
  }

  @Test func foldersHaveSplits() throws {
    let folder = try TemporaryFolder()
    _ = try DataFileTests.gzip("{\"prompt\": \"1\"}\n", folder, "train.jsonl")
    try FileManager.default.removeItem(atPath: folder.file("train.jsonl"))
    _ = try Self.write(folder, "valid.json", 2..<3)
    _ = try Self.write(folder, "train_prefs.jsonl", 4..<6)
    var settings = DatasetSettings(name: folder.path)
    #expect(settings.hasHeldOut)
    #expect(try Self.numbers(settings) == [1] && Self.numbers(settings, .test) == [2])
    settings.trainSplit = "train_prefs"
    #expect(try Self.numbers(settings) == [4, 5])
    settings.testSplit = "other"
    #expect(!settings.hasHeldOut)
    settings.trainSplit = "nothing"
    let error = #expect(throws: DataError.self) { try Self.numbers(settings) }
    #expect(error?.description.contains("or a nothing.jsonl inside") == true)
    settings.mixture = [DatasetSource(folder.path)]
    settings.mixture[0].dataFiles = ["train_prefs.jsonl", "valid.json"]
    settings.name = ""
    #expect(try Self.numbers(settings) == [4, 5, 2])
    settings.mixture[0].dataFiles = ["absent.jsonl"]
    #expect(throws: DataError.missing(path: folder.file("absent.jsonl"))) {
      try Self.numbers(settings)
    }
  }

  @Test func settingsOfAMixture() throws {
    let folder = try TemporaryFolder()
    let a = try Self.write(folder, "a.jsonl", 0..<4)
    let b = try folder.write("{\"question\": \"9\", \"prompt\": \"no\"}\n", "b.jsonl")
    let yaml = """
      datasets:
        - {path: \(a), weight: 3, fraction: 0.5}
        - path: \(b)
          weight: 1
          columns: {prompt: question}
      """
    var c = AlignmentConfiguration()
    try c.apply(yaml: yaml)
    #expect(c.data.mixture.count == 2)
    let examples = try PromptDataset.examples(c.data)
    #expect(examples.count == 3 && examples.mixture.map(\.weight) == [3, 1])
    #expect(try examples.example(2) == "9")
    #expect(examples.place(2).description == "\(b):1")
    // What is printed and stored reads back, from YAML and from a flag.
    let text = c.resolvedSettings().first { $0.name == "datasets" }?.value ?? ""
    var again = AlignmentConfiguration()
    try again.apply(flags: ["--datasets", text])
    #expect(again.data.mixture == c.data.mixture)
    var stored = AlignmentConfiguration()
    try stored.apply(yaml: c.yamlText())
    #expect(stored.data == c.data)
    try again.apply(flags: [
      "--datasets=x.jsonl,y.jsonl", "--prompt-key", "q", "--eval-fraction=.1",
    ])
    #expect(again.data.mixture.map(\.path) == ["x.jsonl", "y.jsonl"])
    #expect(again.data.columns.prompt == "q" && again.data.testSplitSize == 0.1)
  }

  @Test(arguments: [
    ("datasets: [{weight: 1}]", "a mapping with a 'path'"),
    ("datasets: [{path: a, wieght: 1}]", "did you mean 'weight'?"),
    ("datasets: [{path: a, weight: 0}]", "a number above 0"),
    ("datasets: [{path: a, fraction: 2}]", "at most 1"),
    ("datasets: [{path: a, columns: {promt: q}}]", "did you mean 'prompt'?"),
    ("datasets: []", "expected a list of paths"),
    ("input_template: no place", "a text with {}"),
    ("test_split_size: 1", "below 1"), ("dataset_streaming: true", "leave it out"),
  ])
  func refusesSettings(_ yaml: String, _ expected: String) throws {
    var c = AlignmentConfiguration()
    let error = #expect(throws: ConfigurationError.self) { try c.apply(yaml: yaml) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  @Test func settingsThatContradictEachOther() {
    var settings = DatasetSettings(name: "a")
    settings.mixture = [DatasetSource("b"), DatasetSource("c")]
    #expect(throws: ConfigurationError.self) { try settings.validate("x") }
    settings.name = ""
    #expect(throws: Never.self) { try settings.validate("x") }
    settings.mixture[0].weight = 1
    #expect(throws: ConfigurationError.self) { try settings.validate("x") }
    #expect(throws: ConfigurationError.self) { try DatasetSettings().validate("x") }
  }
}
