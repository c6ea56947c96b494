/// The two 16-bit floating-point formats, by bits, the same on every machine.
///
/// Narrowing rounds to nearest, ties to even; values beyond the largest finite one become
/// infinite; subnormals are kept; a NaN stays a NaN with its sign and the top bits of its payload.
public enum HalfFloats {
  /// bfloat16 to binary32: exact.
  @inlinable public static func fromBFloat16(_ bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  /// binary32 to bfloat16.
  @inlinable public static func toBFloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if bits & 0x7FFF_FFFF > 0x7F80_0000 { return UInt16(bits >> 16) | 0x0040 }
    return UInt16((bits &+ 0x7FFF &+ (bits >> 16) & 1) >> 16)
  }

  /// binary16 to binary32: exact.
  @inlinable public static func fromFloat16(_ half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let magnitude = UInt32(half & 0x7FFF)
    if magnitude >= 0x7C00 {
      return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13)
    }
    if magnitude >= 0x0400 { return Float(bitPattern: sign | (magnitude << 13 &+ 0x3800_0000)) }
    let value = Float(magnitude) * 0x1p-24
    return Float(bitPattern: sign | value.bitPattern)
  }

  /// binary32 to binary16.
  @inlinable public static func toFloat16(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16) & 0x8000
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 | UInt16(magnitude >> 13 & 0x1FF) }
    if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
    if magnitude >= 0x3880_0000 {
      let rounded = magnitude &+ 0xFFF &+ (magnitude >> 13) & 1
      return sign | UInt16((rounded &- 0x3800_0000) >> 13)
    }
    // Subnormal: the addition of 0.5 leaves value / 2^-24, rounded to even, in the low bits.
    let aligned = Float(bitPattern: magnitude) + 0.5
    return sign | UInt16(truncatingIfNeeded: aligned.bitPattern &- Float(0.5).bitPattern)
  }
}
