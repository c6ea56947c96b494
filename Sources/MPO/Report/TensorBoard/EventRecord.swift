/// One record of an event file: TensorFlow's `Event` message (tensorflow/core/util/event.proto and
/// framework/summary.proto) in a TFRecord frame.
struct EventRecord {
  enum Content {
    /// First in every file.
    case version
    /// `SessionLog.START`: readers forget what earlier files of the folder hold from this step on.
    case start
    case values([(tag: String, value: EventValue)])
  }

  /// Seconds since 1970.
  var wallTime: Double
  var step: Int
  var content: Content

  static let fileVersion = "brain.Event:2"

  /// length (u64), its masked CRC-32C, the message, its masked CRC-32C; little endian.
  var framed: [UInt8] {
    let message = message.bytes
    let length = littleEndian(UInt64(message.count))
    return length + littleEndian(CRC32C.masked(length)) + message
      + littleEndian(CRC32C.masked(message))
  }

  private var message: ProtobufMessage {
    ProtobufMessage { event in
      event.add(1, double: wallTime)
      if step != 0 { event.add(2, int: step) }
      switch content {
      case .version: event.add(3, text: Self.fileVersion)
      case .start: event.add(7) { $0.add(1, int: 1) }
      case .values(let values):
        event.add(5) { summary in
          for (tag, value) in values { summary.add(1) { value.fill(&$0, tag: tag) } }
        }
      }
    }
  }
}

/// What a tag has at a step.
enum EventValue: Equatable {
  case scalar(Float)
  /// Rows of cells, for the text dashboard, which shows them as a table and reads Markdown.
  case table([[String]])

  /// `Summary.Value`.
  fileprivate func fill(_ message: inout ProtobufMessage, tag: String) {
    message.add(1, text: tag)
    switch self {
    case .scalar(let value): message.add(2, float: value)
    case .table(let rows):
      message.add(8) { tensor in
        tensor.add(1, int: 7)  // DT_STRING
        tensor.add(2) { shape in
          for size in [rows.count, rows.first?.count ?? 0] { shape.add(2) { $0.add(1, int: size) } }
        }
        for cell in rows.joined() { tensor.add(8, text: cell) }
      }
      message.add(9) { metadata in
        metadata.add(1) { $0.add(1, text: "text") }
        metadata.add(4, int: 2)  // DATA_CLASS_TENSOR
      }
    }
  }
}
