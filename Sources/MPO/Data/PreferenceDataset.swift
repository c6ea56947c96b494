/// Comparisons of two responses to a prompt: JSON lines with `chosen` and `rejected`.
public enum PreferenceDataset {
  /// - Throws: `DataError`; a malformed example's is thrown when that one is decoded.
  public static func examples(
    _ settings: DatasetSettings, split: DataSplit = .train
  ) throws -> Examples<PreferenceExample> {
    let file = try DataFile(settings.name, what: "pairs")
    let rows = try file.rows(expected: #"{"prompt": ..., "chosen": ..., "rejected": ...}"#)
    return Examples(
      count: rows.count, places: { DataPlace(path: rows[$0].path, number: rows[$0].line) },
      decode: { try example(rows[$0]) })
  }

  private static func example(_ row: DataRow) throws -> PreferenceExample {
    PreferenceExample(
      prompt: try row.prompt("prompt"), chosen: try row.prompt("chosen"),
      rejected: try row.prompt("rejected"))
  }
}
