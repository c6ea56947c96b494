import MPOModel
import Testing

@Suite struct HalfFloatsTests {
  /// All 65536 patterns go to Float and back unchanged (a NaN stays a NaN, made quiet).
  @Test func everyPatternRoundTrips() {
    let wrongHalf = (UInt16.min...UInt16.max).filter { bits in
      let isNaN = bits & 0x7FFF > 0x7C00
      let value = HalfFloats.fromFloat16(bits)
      return value.isNaN != isNaN || HalfFloats.toFloat16(value) != (isNaN ? bits | 0x0200 : bits)
    }
    #expect(wrongHalf == [])
    let wrongBrain = (UInt16.min...UInt16.max).filter { bits in
      let isNaN = bits & 0x7FFF > 0x7F80
      let value = HalfFloats.fromBFloat16(bits)
      return value.isNaN != isNaN || HalfFloats.toBFloat16(value) != (isNaN ? bits | 0x0040 : bits)
    }
    #expect(wrongBrain == [])
  }

  #if !(os(macOS) && arch(x86_64))
    /// The compiler's own conversions are the reference, on all values and between neighbours.
    @Test func float16MatchesTheCompiler() {
      let wrong = (UInt16(0)..<0x7C00).filter { bits in
        let (low, high) = (Float(Float16(bitPattern: bits)), Float(Float16(bitPattern: bits + 1)))
        let middle = high.isFinite ? (low + high) / 2 : 65520
        let near = [middle.nextDown, middle, middle.nextUp, low.nextUp]
        return HalfFloats.fromFloat16(bits) != low
          || (near + near.map { -$0 }).contains {
            HalfFloats.toFloat16($0) != Float16($0).bitPattern
          }
      }
      #expect(wrong == [])
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
