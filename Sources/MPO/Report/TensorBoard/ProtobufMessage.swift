/// A protobuf message as it is encoded, field by field.
///
/// Event files need one fixed message of five types that has not changed since 2016. Encoding them
/// takes these few lines; swift-protobuf would add its runtime and a code generator to every build of
/// everybody who uses this package. Nothing here reads protobuf.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  init(_ fill: (inout ProtobufMessage) -> Void) { fill(&self) }

  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  /// int64 or an enumeration. Negative values take ten bytes, as the format has it.
  mutating func add(_ field: UInt64, int value: Int) {
    key(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: UInt64, double value: Double) {
    key(field, .fixed64)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func add(_ field: UInt64, float value: Float) {
    key(field, .fixed32)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func add(_ field: UInt64, text: String) { add(field, bytes: Array(text.utf8)) }

  mutating func add(_ field: UInt64, _ fill: (inout ProtobufMessage) -> Void) {
    add(field, bytes: ProtobufMessage(fill).bytes)
  }

  private mutating func add(_ field: UInt64, bytes value: [UInt8]) {
    key(field, .lengthDelimited)
    varint(UInt64(value.count))
    bytes += value
  }

  private mutating func key(_ field: UInt64, _ type: WireType) {
    varint(field << 3 | type.rawValue)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The bytes of a fixed-width number, lowest first.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
