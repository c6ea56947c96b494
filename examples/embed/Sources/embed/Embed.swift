// A fused softmax and a matrix product on whatever device there is, checked against plain Swift.
//
//   swift run -c release embed [auto | cpu | opencl | opencl:<index or name>]
import Foundation
import MPOBackend

@main
struct Embed {
  /// Float32 products of 300 terms and exp of up to 3 ulp stay well below this, norm-wise.
  static let bound = 2e-6

  static func main() {
    do {
      let device = CommandLine.arguments.dropFirst().first ?? "auto"
      // `auto` takes an OpenCL GPU, else the CPU and says so in one line.
      let backend = try DeviceSelection(parsing: device).open(threads: nil) { print($0) }
      print("device  \(backend.description.name) (\(backend.description.kind.rawValue))")
      let errors = [try checkSoftmax(backend), try checkProduct(backend)]
      guard errors.allSatisfy({ $0 <= bound }) else {  // so that a NaN fails too
        throw BackendError.argument(op: "embed", "an error is above \(bound)")
      }
    } catch {
      print("embed: \(error)")
      exit(1)
    }
  }

  /// Softmax of 7 rows of 1,000 logits; returns the relative error.
  static func checkSoftmax(_ backend: any ComputeBackend) throws -> Double {
    let (rows, columns) = (7, 1000)
    let logits = numbers(rows * columns, scale: 8, seed: 1)
    let x = try backend.tensor(logits, [rows, columns])
    let out = try backend.empty([rows, columns])
    try backend.softmax(x, scale: 1, into: out)
    let got = try backend.floats(out)  // waits for the device
    let error = Reference.error(got, Reference.softmax(logits, columns: columns))
    report("softmax (\(rows), \(columns))", "largest \(got.max() ?? 0)", error)
    return error
  }

  /// (93, 300) times the transpose of (144, 300); returns the relative error.
  static func checkProduct(_ backend: any ComputeBackend) throws -> Double {
    let (m, n, k) = (93, 144, 300)
    let (a, b) = (numbers(m * k, scale: 1, seed: 2), numbers(n * k, scale: 1, seed: 3))
    let c = try backend.empty([m, n])
    try backend.matmul(
      try backend.tensor(a, [m, k]), try backend.tensor(b, [n, k]), transposeB: true, into: c)
    let got = try backend.floats(c)
    let error = Reference.error(got, Reference.product(a, b, m: m, n: n, k: k))
    report("product (\(m), \(k)) (\(k), \(n))", "first \(got[0])", error)
    return error
  }

  static func report(_ operation: String, _ result: String, _ error: Double) {
    let name = operation.padding(toLength: 30, withPad: " ", startingAt: 0)
    print("\(name) \(result), relative error \(String(format: "%.1e", error))")
  }

  /// Uniform in -scale..<scale, the same on every run.
  static func numbers(_ count: Int, scale: Float, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Float(state >> 40) / 0x1p23 - 1) * scale
    }
  }
}
