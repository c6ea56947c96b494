import ArgumentParser
import MPOBackend

/// Matrix products by size.
struct Products: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Matrix products c = a b, FLOP/s by size; a and b in the given precision, c in f32.",
    discussion: "The peers are peers/torch_products.py and, on OpenCL, peers/tinygrad_products.py.")

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "n (an n x n times n x n product) or mxnxk, with commas between.")
  var sizes = "512,1024,2048"

  func run() throws {
    let backend = try place.open()
    var report = Report()
    let operandBytes = place.precision == .bf16 ? 2.0 : 4
    for size in sizes.split(separator: ",").map(String.init) {
      let numbers = size.split(separator: "x").compactMap { Int($0) }
      guard let first = numbers.first, [1, 3].contains(numbers.count),
        numbers.allSatisfy({ $0 > 0 })
      else { throw ValidationError("--sizes: expected n or mxnxk, found '\(size)'") }
      let (m, n, k) =
        numbers.count == 3 ? (first, numbers[1], numbers[2]) : (first, first, first)
      let flops = 2 * Double(m) * Double(n) * Double(k)
      report.times[size] = try seconds(m, n, k, calls: max(1, Int(1e9 / flops)), backend)
      report.work[size] = flops
      let (operands, product) = (Double(m * k + k * n), Double(m * n))
      report.cost[size] = Cost(flops: flops, bytes: operandBytes * operands + 4 * product)
    }
    report.device = backend.description.name
    try repeats.print(report, unit: "FLOP/s")
  }

  private func seconds(
    _ m: Int, _ n: Int, _ k: Int, calls: Int, _ backend: any ComputeBackend
  ) throws -> [Double] {
    var random = PhiloxGenerator(seed: 4, domain: .test)
    func matrix(_ rows: Int, _ columns: Int) throws -> Tensor {
      let x = try backend.tensor(
        (0..<(rows * columns)).map { _ in random.uniform() - 0.5 }, [rows, columns])
      return place.precision == .bf16 ? try backend.bfloat16(x) : x
    }
    let (a, b) = (try matrix(m, k), try matrix(k, n))
    let c = try backend.empty([m, n])
    return try repeats.run { _ in
      let all = try measured(on: backend) {
        for _ in 0..<calls { try backend.matmul(a, b, into: c, precision: place.precision) }
      }
      return ["product": all / Double(calls)]
    }["product"] ?? []
  }
}
