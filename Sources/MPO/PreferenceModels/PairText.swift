/// Puts prompts and responses into the texts that a preference model reads, as ids, within its length.
struct PairText: Sendable {
  /// Longest text in tokens.
  let maxLength: Int
  /// Of a pairwise model: what stands before the first response, before the second, and at the end.
  let separators: [[Int32]]

  /// Prompt and response. Where they are too long the prompt loses its beginning; a response longer
  /// than the whole keeps its beginning and its last token, which ends it.
  func single(_ prompt: [Int32], _ response: [Int32]) -> [Int32] {
    let response = Self.cut(response, to: maxLength)
    return prompt.suffix(maxLength - response.count) + response
  }

  /// Prompt, first and second response with the separators. Responses that fill more than the whole
  /// share it in halves; one that needs less leaves the rest to the other.
  func pair(_ prompt: [Int32], _ first: [Int32], _ second: [Int32]) -> [Int32] {
    let room = maxLength - separators.reduce(0) { $0 + $1.count }
    var (a, b) = (first.count, second.count)
    if a + b > room {
      let half = room / 2
      if a <= half {
        b = room - a
      } else if b <= half {
        a = room - b
      } else {
        (a, b) = (half, half)
      }
    }
    return prompt.suffix(room - a - b) + separators[0] + Self.cut(first, to: a) + separators[1]
      + Self.cut(second, to: b) + separators[2]
  }

  /// Whether nothing is lost of the pair.
  func fits(_ pair: TokenizedPair) -> Bool {
    guard separators.isEmpty else {
      let around = separators.reduce(0) { $0 + $1.count }
      return pair.prompt.count + pair.chosen.count + pair.rejected.count + around <= maxLength
    }
    return pair.prompt.count + max(pair.chosen.count, pair.rejected.count) <= maxLength
  }

  private static func cut(_ response: [Int32], to count: Int) -> [Int32] {
    guard response.count > count, let last = response.last else { return response }
    return count > 0 ? response.prefix(count - 1) + [last] : []
  }
}
