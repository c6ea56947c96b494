import MPOModel
import Testing

@Suite struct HalfFloatsTests {
  /// All 65536 patterns go to Float and back unchanged (a NaN stays a NaN, made quiet).
  @Test func everyPatternRoundTrips() {
    for bits in UInt16.min...UInt16.max {
      let half = HalfFloats.fromFloat16(bits)
      let nanHalf = bits & 0x7FFF > 0x7C00
      #expect(half.isNaN == nanHalf)
      #expect(HalfFloats.toFloat16(half) == (nanHalf ? bits | 0x0200 : bits))
      let brain = HalfFloats.fromBFloat16(bits)
      let nanBrain = bits & 0x7FFF > 0x7F80
      #expect(brain.isNaN == nanBrain)
      #expect(HalfFloats.toBFloat16(brain) == (nanBrain ? bits | 0x0040 : bits))
    }
  }

  #if !(os(macOS) && arch(x86_64))
    /// The compiler's own conversions are the reference, between and on all neighbours.
    @Test func float16MatchesTheCompiler() {
      for bits in UInt16(0)..<0x7C00 {
        #expect(HalfFloats.fromFloat16(bits) == Float(Float16(bitPattern: bits)))
        let (low, high) = (Float(Float16(bitPattern: bits)), Float(Float16(bitPattern: bits + 1)))
        let middle = high.isFinite ? (low + high) / 2 : 65520
        for value in [middle.nextDown, middle, middle.nextUp, low.nextUp] {
          #expect(HalfFloats.toFloat16(value) == Float16(value).bitPattern)
          #expect(HalfFloats.toFloat16(-value) == Float16(-value).bitPattern)
        }
      }
    }
  #endif

  @Test func bfloat16RoundsToNearestEven() {
    #expect(HalfFloats.toBFloat16(Float(bitPattern: 0x3F80_8000)) == 0x3F80)
    #expect(HalfFloats.toBFloat16(Float(bitPattern: 0x3F81_8000)) == 0x3F82)
    #expect(HalfFloats.toBFloat16(Float(bitPattern: 0x3F80_8001)) == 0x3F81)
    #expect(HalfFloats.toBFloat16(.greatestFiniteMagnitude) == 0x7F80)
    #expect(HalfFloats.toBFloat16(-.infinity) == 0xFF80)
    #expect(HalfFloats.toBFloat16(-0.0) == 0x8000)
    #expect(HalfFloats.toBFloat16(.leastNonzeroMagnitude) == 0)
    #expect(HalfFloats.toBFloat16(Float(bitPattern: 0x7F80_0001)) == 0x7FC0)
  }
}
