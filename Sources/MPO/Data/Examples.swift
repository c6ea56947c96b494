/// Examples of one kind in the order of their files.
public struct Examples<Example: Sendable>: Sendable {
  private let decode: @Sendable (Int) throws -> Example
  private let places: @Sendable (Int) -> DataPlace
  public let count: Int

  package init(
    count: Int, places: @escaping @Sendable (Int) -> DataPlace,
    decode: @escaping @Sendable (Int) throws -> Example
  ) {
    self.count = count
    self.places = places
    self.decode = decode
  }

  /// Where example `index` stands.
  public func place(_ index: Int) -> DataPlace { places(index) }

  /// Decodes one.
  /// - Throws: `DataError` naming file and line.
  public func example(_ index: Int) throws -> Example { try decode(index) }

  /// Decodes one after the other, and keeps none.
  public func forEach(_ body: (DataPlace, Example) throws -> Void) throws {
    for index in 0..<count { try body(place(index), example(index)) }
  }

  /// All at once, for data that fit into memory.
  public func all() throws -> [(line: Int, example: Example)] {
    try (0..<count).map { (place($0).number, try example($0)) }
  }
}
