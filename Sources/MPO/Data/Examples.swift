import MPOModel

/// Examples of one kind in the order of their files. Rows are read and decoded when they are asked
/// for: in memory is only where they begin.
public struct Examples<Example: Sendable>: Sendable {
  private let rows: DatasetRows
  private let decode: @Sendable (DataRow, RowDecoder) throws -> Example
  public let count: Int

  /// - Throws: `DataError`, `ConfigurationError`.
  init(
    _ settings: DatasetSettings, _ split: DataSplit, _ use: DataUse,
    decode: @escaping @Sendable (DataRow, RowDecoder) throws -> Example
  ) throws {
    rows = try DatasetRows(settings, split, use)
    count = rows.count
    self.decode = decode
  }

  /// Where example `index` stands.
  public func place(_ index: Int) -> DataPlace {
    let (_, file, row) = rows.place(index)
    return file.place(row)
  }

  /// Decodes one.
  /// - Throws: `DataError` naming file and line.
  public func example(_ index: Int) throws -> Example {
    let (part, file, row) = rows.place(index)
    let decoder = RowDecoder(columns: part.columns, settings: rows.settings)
    return try decode(decoder.named(file.row(row)), decoder)
  }

  /// Decodes one after the other, and keeps none.
  public func visit(_ body: (DataPlace, Example) throws -> Void) throws {
    for index in 0..<count { try body(place(index), example(index)) }
  }

  /// All at once, for data that fit into memory.
  public func all() throws -> [(line: Int, example: Example)] {
    try (0..<count).map { (place($0).number, try example($0)) }
  }

  /// For messages: the files as they were named.
  public var summary: String { rows.settings.summary }

  /// How an epoch draws from them.
  public var mixture: [SamplerPart] {
    rows.parts.map { SamplerPart(count: $0.count, weight: $0.weight) }
  }
}
