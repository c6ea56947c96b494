import Foundation
import MPOBackend

/// The rows of a data set: its files, and which rows of them.
struct DatasetRows: Sendable {
  /// One part of a mixture.
  struct Part: Sendable {
    var files: [RowFile]
    var columns: DatasetColumns
    var weight: Double?
    /// The rows that are used, of all files together in their order; nil is every one.
    var chosen: [Int]?
    var rows: Int { files.reduce(0) { $0 + $1.count } }
    var count: Int { chosen?.count ?? rows }

    /// The file of row `index` of those used, and its row there.
    func place(_ index: Int) -> (file: RowFile, row: Int) {
      var row = chosen?[index] ?? index
      for file in files.dropLast() {
        if row < file.count { return (file, row) }
        row -= file.count
      }
      return (files[files.count - 1], row)
    }

    /// Of every row the number of its opening, in the order in which they come.
    func groups() throws -> [Int] {
      var numbers: [String: Int] = [:]
      return try files.flatMap { file in
        try (0..<file.count).map { row in
          let opening = RowOpening.of(try file.row(row), promptColumn: columns.prompt)
          let number = numbers[opening] ?? numbers.count
          numbers[opening] = number
          return number
        }
      }
    }
  }

  let parts: [Part]
  let settings: DatasetSettings
  var count: Int { parts.reduce(0) { $0 + $1.count } }

  /// Finds and indexes the files of a split.
  /// - Throws: `DataError`, `ConfigurationError`.
  init(_ settings: DatasetSettings, _ split: DataSplit, _ use: DataUse) throws {
    let what = use.rawValue
    try settings.validate("a file of \(what)")
    self.settings = settings
    parts = try settings.sources.map { source in
      let files = try DatasetFolder.files(source, settings, split, what).map { path in
        let isText = use == .texts ? try TextDataset.isPlain(path) : false
        return try RowFile(path, what: what, expected: use.example, isText: isText)
      }
      var part = Part(
        files: files, columns: source.columns.over(settings.columns), weight: source.weight)
      part.chosen = try Self.chosen(
        part.rows, source, settings, split, groups: { try part.groups() })
      return part
    }
  }

  /// The part of row `index`, the file and the row there.
  func place(_ index: Int) -> (part: Part, file: RowFile, row: Int) {
    var index = index
    for part in parts.dropLast() {
      if index < part.count {
        let place = part.place(index)
        return (part, place.file, place.row)
      }
      index -= part.count
    }
    let place = parts[parts.count - 1].place(index)
    return (parts[parts.count - 1], place.file, place.row)
  }

  /// What is held out: of the permutation that `test_split_seed` gives of a part's rows (Fisher-Yates
  /// by Philox, domain `dataset`, stream 0), the first round(share x rows), at least one. By prompt, the
  /// permutation is of groups of rows, and the first whole ones with so many rows or the fewest beyond
  /// are held out. `fraction` keeps the first round(fraction x rows) of the same permutation's rest. All
  /// stay in the file's order.
  static func chosen(
    _ rows: Int, _ source: DatasetSource, _ settings: DatasetSettings, _ split: DataSplit,
    groups: () throws -> [Int] = { [] }
  ) throws -> [Int]? {
    let held = settings.testSplitSize
    guard held > 0 || source.fraction < 1 && split == .train else { return nil }
    let wanted = held > 0 ? max(1, Int((held * Double(rows)).rounded())) : 0
    let byPrompt = held > 0 && settings.testSplitBy == .prompt
    let groups = byPrompt ? try groups() : []
    var order = Array(0..<(byPrompt ? (groups.max() ?? -1) + 1 : rows))
    EpochSampler.shuffle(
      &order, seed: UInt64(settings.testSplitSeed), domain: .dataset, stream: 0)
    var testCount = wanted
    if byPrompt {
      let members = Dictionary(grouping: 0..<rows) { groups[$0] }
      testCount = 0
      for group in order where testCount < wanted { testCount += members[group]?.count ?? 0 }
      order = order.flatMap { members[$0] ?? [] }
    }
    guard testCount < rows else {
      throw DataError.format(
        path: source.path,
        "has \(rows) rows, of which test_split_size \(shortNumber(held)) leaves none to learn from")
    }
    if split == .test, held > 0 { return order[..<testCount].sorted() }
    let rest = order[testCount...]
    let kept = max(1, Int((source.fraction * Double(rest.count)).rounded()))
    return rest.prefix(kept).sorted()
  }
}

/// Finds the files of a folder's splits.
enum DatasetFolder {
  private static let suffixes = [".jsonl", ".jsonl.gz", ".json", ".json.gz"]
  /// Other names for what is held out.
  private static let heldOut = ["test", "valid", "validation", "eval"]

  static func files(
    _ source: DatasetSource, _ settings: DatasetSettings, _ split: DataSplit, _ what: String
  ) throws -> [String] {
    let path = source.path
    guard let isFolder = isFolder(path) else { throw DataError.missing(path: path) }
    if split == .test, settings.testSplitSize == 0 {
      guard isFolder, source.dataFiles.isEmpty else { throw noHeldOut(path) }
      guard let file = heldOutFile(path, settings) else { throw noHeldOut(path) }
      return [file]
    }
    guard source.dataFiles.isEmpty else {
      guard isFolder else {
        throw DataError.format(path: path, "is a file; 'data_files' are those of a folder")
      }
      return try source.dataFiles.map { name in
        let file = URL(fileURLWithPath: path).appendingPathComponent(name).path
        guard Self.isFolder(file) == false else { throw DataError.missing(path: file) }
        return file
      }
    }
    guard isFolder else { return [path] }
    let name = source.split.isEmpty ? settings.trainSplit : source.split
    guard let file = file(path, name) else {
      throw DataError.format(
        path: path,
        "is a folder; expected a file of \(what), or a \(name).jsonl inside (or .json, .gz)")
    }
    return [file]
  }

  /// Whether something is held out.
  static func hasHeldOut(_ settings: DatasetSettings) -> Bool {
    if settings.testSplitSize > 0 { return true }
    return settings.sources.allSatisfy {
      isFolder($0.path) == true && $0.dataFiles.isEmpty && heldOutFile($0.path, settings) != nil
    }
  }

  private static func heldOutFile(_ folder: String, _ settings: DatasetSettings) -> String? {
    let names = settings.testSplit == "test" ? heldOut : [settings.testSplit]
    return names.lazy.compactMap { file(folder, $0) }.first
  }

  private static func file(_ folder: String, _ name: String) -> String? {
    suffixes.lazy.map { URL(fileURLWithPath: folder).appendingPathComponent(name + $0).path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  private static func isFolder(_ path: String) -> Bool? {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    return exists ? isFolder.boolValue : nil
  }

  private static func noHeldOut(_ path: String) -> DataError {
    .format(
      path: path,
      "nothing is held out; set test_split_size, or name a folder with train.jsonl and test.jsonl")
  }
}
