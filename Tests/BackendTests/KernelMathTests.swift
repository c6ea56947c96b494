import Foundation
import MPOBackend
import Testing

/// The vector exp and tanh that the CPU kernels share.
@Suite struct KernelMathTests {
  private func worst(
    _ x: [Float], _ got: [Float], _ exact: (Double) -> Double
  ) -> Double {
    var worst = 0.0
    for (value, result) in zip(x, got) {
      let want = exact(Double(value))
      let unit = Double(max(Float(abs(want)), .leastNormalMagnitude).ulp)
      worst = max(worst, abs(Double(result) - want) / unit)
    }
    return worst
  }

  @Test func expIsWithinTwoUlp() {
    let x = (0...400_000).map { Float(-86.6 + Double($0) * (175.3 / 400_000)) }
    #expect(worst(x, CPUBackend.kernelExp(x), exp) <= 2)
  }

  /// Against the C library's, itself under 1 ulp.
  @Test func doubleExpIsWithinTwoUlp() {
    var x: [Double] = (0...400_000).map { -708 + Double($0) * (1417.7 / 400_000) }
    x += (0...100_000).map { -1 + Double($0) * 2e-5 }
    for (value, got) in zip(x, CPUBackend.kernelExp(doubles: x)) {
      let want = exp(value)
      #expect(abs(got - want) <= 2 * want.ulp, "exp(\(value)) = \(got), expected \(want)")
    }
  }

  @Test func doubleExpSpecials() {
    let x: [Double] = [
      -.infinity, .infinity, .nan, 0, -0.0, 709.78, 709.79, 1e300, -1e300, -707.9,
    ]
    let got = CPUBackend.kernelExp(doubles: x + x)
    for i in x.indices {
      let want = exp(x[i])
      #expect(
        got[i] == want || (got[i].isNaN && want.isNaN) || abs(got[i] - want) <= 2 * want.ulp,
        "exp(\(x[i])) = \(got[i]), expected \(want)")
      #expect(got[i].bitPattern == got[i + x.count].bitPattern)
    }
    #expect(CPUBackend.kernelExp(doubles: [-708.1, -745, -1e4]).allSatisfy { $0 == 0 })
  }

  /// Below 2.4e-38 the result is 0, never a subnormal.
  @Test func expUnderflowsToZero() {
    #expect(CPUBackend.kernelExp([-86.61, -87.4, -100, -1e4]).allSatisfy { $0 == 0 })
  }

  @Test func expSpecials() {
    let x: [Float] = [-.infinity, .infinity, .nan, 0, -0.0, 88.72, 88.73, 1e30, -1e30, -104, -86.5]
    let got = CPUBackend.kernelExp(x + x)
    for i in x.indices {
      let want = Float(exp(Double(x[i])))
      #expect(
        got[i] == want || (got[i].isNaN && want.isNaN) || abs(got[i] - want) <= 2 * want.ulp,
        "exp(\(x[i])) = \(got[i]), expected \(want)")
      #expect(got[i].bitPattern == got[i + x.count].bitPattern)
    }
  }

  @Test func tanhIsWithinThreeUlp() {
    let x = (0...200_000).map { Float(-12 + Double($0) * (24.0 / 200_000)) }
    #expect(worst(x, CPUBackend.kernelTanh(x), tanh) <= 3)
    let tiny: [Float] = [0, 1e-30, -1e-20, 1e-4, -1e-3, .infinity, -.infinity]
    #expect(worst(Array(tiny.prefix(5)), CPUBackend.kernelTanh(tiny), tanh) <= 3)
    #expect(CPUBackend.kernelTanh(tiny).suffix(2) == [1, -1])
    #expect(CPUBackend.kernelTanh([.nan])[0].isNaN)
  }
}
