/// Token ids of a whole data set, one list after the other: in memory up to `limit`, beyond that in a
/// temporary file without a name. Bit 31 of an entry marks a token that the loss is on.
final class TokenSpool {
  private var recent: [UInt32] = []
  private var file: OpenFile?
  /// Entries in the file.
  private var stored = 0
  private let limit: Int
  private let path: String

  /// - Parameters:
  ///   - path: for messages, the data set's.
  ///   - limit: entries in memory, 4 bytes each.
  init(for path: String, limit: Int = 1 << 24) {
    self.path = path
    self.limit = limit
  }

  var count: Int { stored + recent.count }
  /// Entries in memory.
  var held: Int { recent.count }

  static let targetBit: UInt32 = 1 << 31

  func append(_ tokens: [Int32], isTarget: [Bool]? = nil) throws {
    if let isTarget {
      for (token, isTarget) in zip(tokens, isTarget) {
        recent.append(UInt32(bitPattern: token) | (isTarget ? Self.targetBit : 0))
      }
    } else {
      recent += tokens.map { UInt32(bitPattern: $0) }
    }
    guard recent.count > (file == nil ? limit : min(limit, 1 << 18)) else { return }
    let file = try self.file ?? OpenFile(temporaryFor: path)
    self.file = file
    try recent.withUnsafeBytes(file.append)
    stored += recent.count
    recent.removeAll(keepingCapacity: stored == 0)
  }

  /// - Precondition: inside `0..<count`.
  func entries(_ part: Range<Int>) throws -> [UInt32] {
    let inFile = part.clamped(to: 0..<stored)
    var entries: [UInt32] = []
    if let file, !inFile.isEmpty {
      entries = try [UInt32](unsafeUninitializedCapacity: inFile.count) { buffer, count in
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        let offset = inFile.lowerBound * MemoryLayout<UInt32>.stride
        guard try file.read(at: offset, into: bytes) == bytes.count else {
          throw DataError.unreadable(path: path, "its temporary file has become shorter")
        }
        count = inFile.count
      }
    }
    let inMemory = max(part.lowerBound, stored)..<max(part.upperBound, stored)
    return entries + recent[(inMemory.lowerBound - stored)..<(inMemory.upperBound - stored)]
  }

  func tokens(_ part: Range<Int>) throws -> [Int32] {
    try entries(part).map { Int32(bitPattern: $0 & ~Self.targetBit) }
  }
}
