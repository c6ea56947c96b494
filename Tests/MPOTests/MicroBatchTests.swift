import MPOBackend
import MPOModel
import TestSupport
import Testing

@testable import MPO

@Suite struct MicroBatchTests {
  @Test func elementsStayInOrderAndPartsAreEqual() {
    let lengths = [5, 1, 4, 2, 3, 9, 8]
    func cut(_ parts: Int, _ limit: Int) -> [[Int]] {
      lengths.microBatches(parts, limit: limit) { $0 }
    }
    #expect(cut(1, 1000) == [lengths])
    #expect(cut(3, 1000).map(\.count) == [3, 3, 1])
    // 32 tokens in parts of 16 on average, and none of more.
    #expect(cut(1, 16) == [[5, 1, 4, 2], [3, 9], [8]])
    #expect(cut(3, 16).map(\.count) == [3, 3, 1])
    #expect(cut(1, 8) == [[5, 1], [4, 2], [3], [9], [8]])
    #expect(cut(1, 1).map(\.count) == Array(repeating: 1, count: 7))
    #expect(cut(100, 1000).flatMap { $0 } == lengths)
    #expect([Int]().microBatches(2, limit: 3) { $0 }.isEmpty)
  }

  /// M of the benchmarks keeps .7 MiB a token: 128 MiB are 180 tokens, so the least counts; with
  /// checkpoints a few kilobytes.
  @Test func wideModelsGetSmallMicroBatches() throws {
    let backend = try CPUBackend(threads: 1)
    func tokens(_ width: Int, layers: Int, checkpointing: Bool) -> Int {
      let shape = DecoderShape(
        vocabulary: 100, width: width, layers: layers, heads: 9, keyValueHeads: 3, headWidth: 64,
        feedForward: 1536, normEpsilon: 1e-5, rotaryBase: 1e4, maxPositions: 128, tiedHead: true)
      return Decoder(shape, on: backend).microBatchTokens(checkpointing: checkpointing)
    }
    #expect(tokens(576, layers: 30, checkpointing: false) == 256)
    #expect(tokens(576, layers: 6, checkpointing: false) > 700)
    #expect(tokens(576, layers: 30, checkpointing: true) > 1000)
  }

  /// What the estimate of memory counts.
  @Test func rowsOverTheLimitAreCut() throws {
    let step = StepRows(units: 8, tokens: 127, lossTokens: 64, parts: 1)
    #expect(step.mostInMicroBatch(limit: 256) == (256, 256))
    #expect(step.mostInMicroBatch(limit: 100) == (127, 127))
    #expect(step.mostInMicroBatch(limit: 10_000) == (8 * 127, 8 * 64))
    let asked = StepRows(units: 8, tokens: 127, lossTokens: 64, parts: 8)
    #expect(asked.mostInMicroBatch(limit: 256) == (127, 64))
    let none = StepRows(units: 0, tokens: 127, lossTokens: 64, parts: 8)
    #expect(none.mostInMicroBatch(limit: 9) == (0, 0))
  }
}
