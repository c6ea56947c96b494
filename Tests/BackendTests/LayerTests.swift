import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  struct RotaryCase: Sendable {
    let n: Int, heads: Int, width: Int, extra: Int
  }

  @Test(
    arguments: TestBackends.all(),
    [
      RotaryCase(n: 1, heads: 1, width: 2, extra: 0),
      RotaryCase(n: 7, heads: 3, width: 6, extra: 12),
      RotaryCase(n: 93, heads: 5, width: 8, extra: 3),
      RotaryCase(n: 20, heads: 4, width: 64, extra: 128),
    ])
  func rotary(_ named: NamedBackend, _ s: RotaryCase) throws {
    try Fixture.run(named) { f in
      let (table, half) = (50, s.width / 2)
      let columns = s.heads * s.width + s.extra
      var numbers = Numbers(UInt64(s.n))
      let x = numbers.normals(s.n * columns)
      let angles = numbers.uniforms(table * half).map { $0 * 6 }
      let cosine = angles.map { Double(Float(cos($0))) }
      let sine = angles.map { Double(Float(sin($0))) }
      let positions = numbers.integers(s.n, below: table)
      for inverse in [false, true] {
        var want = x
        for n in 0..<s.n {
          for h in 0..<s.heads {
            for i in 0..<half {
              let at = n * columns + h * s.width + i
              let c = cosine[positions[n] * half + i]
              let t = sine[positions[n] * half + i] * (inverse ? -1 : 1)
              want[at] = x[at] * c - x[at + half] * t
              want[at + half] = x[at + half] * c + x[at] * t
            }
          }
        }
        let out = try f.output([s.n, columns], values: x)
        try f.backend.rotary(
          out, heads: s.heads, headWidth: s.width, positions: try f.indices(positions),
          cosine: try f.input(cosine, [table, half]), sine: try f.input(sine, [table, half]),
          inverse: inverse)
        try f.expect(out, want, "rotary")
      }
    }
  }
}
