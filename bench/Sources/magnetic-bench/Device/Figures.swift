import ArgumentParser
import Foundation
import MPOBackend

/// What one probe of a device answered, as one line of JSON.
struct ProbeFigure: Codable {
  var name: String
  /// works, measured, says, refused, wrong, or died.
  var answer: String
  var detail: String
  /// Of `measured`, in `unit`.
  var value: Double?
  var unit: String?
}

/// How fast one operation ran, as one line of JSON.
struct KernelFigure: Codable {
  var name: String
  var shape: String
  /// The best of the rounds.
  var seconds: Double
  /// Bytes that it must move at least, or operations; one of the two.
  var gbPerSecond: Double?
  var tflopPerSecond: Double?
  /// Of the measured copy bandwidth, or of the measured f32 peak.
  var share: Double?
  /// Relative error against the CPU at a small size; nil where the tensors are refused.
  var error: Double?
  /// Why it was not timed.
  var failure: String?
}

/// Lines of JSON, written one by one so that what a time limit cuts off is only what comes after.
enum JSONLines {
  static func write(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    FileHandle.standardOutput.write(try encoder.encode(value) + Data("\n".utf8))
  }

  /// Every whole line of a file; none where there is no file. A line cut in the middle is left out.
  static func read<T: Decodable>(_ path: String, as type: T.Type) -> [T] {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap {
      try? decoder.decode(type, from: Data($0.utf8))
    }
  }
}

/// Writes a line at once, whatever standard output is.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// The OpenCL device of `opencl` or `opencl:<index or name>`, chosen as everywhere else.
func openCL(_ device: String) throws -> OpenCLBackend {
  let backend = try DeviceSelection(parsing: device).open(threads: nil) { note in
    FileHandle.standardError.write(Data((note + "\n").utf8))
  }
  guard let backend = backend as? OpenCLBackend else {
    throw ValidationError("--device: expected an OpenCL device, found '\(device)'")
  }
  return backend
}
