/// Whole arrays, in loops that the compiler vectorises; bit for bit what the functions of one value
/// give.
extension HalfFloats {
  /// `out[i] = fromBFloat16(source[i])` for every i; `source` as it is in a little-endian file.
  static func widenBFloat16(
    _ source: UnsafeBufferPointer<UInt16>, into out: UnsafeMutablePointer<Float>
  ) {
    guard let source16 = source.baseAddress else { return }
    let bits = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    for i in 0..<source.count { bits[i] = UInt32(UInt16(littleEndian: source16[i])) << 16 }
  }

  /// `out[i] = fromFloat16(source[i])` for every i; `source` as it is in a little-endian file.
  ///
  /// Without branches: a magnitude whose exponent is moved over is too small by 2^112, subnormal
  /// ones included, so that one product is exact for both; infinities and NaNs get the exponent of
  /// all ones.
  static func widenFloat16(
    _ source: UnsafeBufferPointer<UInt16>, into out: UnsafeMutablePointer<Float>
  ) {
    guard let source16 = source.baseAddress else { return }
    let bits = UnsafeMutableRawPointer(out).assumingMemoryBound(to: UInt32.self)
    for i in 0..<source.count {
      let half = UInt32(UInt16(littleEndian: source16[i]))
      let magnitude = half & 0x7FFF
      let scaled = (Float(bitPattern: magnitude &<< 13) * 0x1p112).bitPattern
      let special: UInt32 = magnitude >= 0x7C00 ? 0x7F80_0000 : 0
      bits[i] = scaled | special | (half & 0x8000) &<< 16
    }
  }
}
