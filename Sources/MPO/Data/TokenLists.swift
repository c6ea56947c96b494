/// Lists of token ids, one after the other in a `TokenSpool`; in memory is where each begins.
struct TokenLists {
  private let spool: TokenSpool
  private var ends: [Int] = []
  private(set) var longest = 0

  init(for path: String, limit: Int = 1 << 24) { spool = TokenSpool(for: path, limit: limit) }

  var count: Int { ends.count }

  mutating func append(_ tokens: [Int32]) throws {
    try spool.append(tokens)
    ends.append(spool.count)
    longest = max(longest, tokens.count)
  }

  func list(_ index: Int) throws -> [Int32] {
    try spool.tokens((index == 0 ? 0 : ends[index - 1])..<ends[index])
  }
}
