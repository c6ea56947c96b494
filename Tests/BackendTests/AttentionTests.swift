import Foundation
import MPOBackend
import TestSupport
import Testing

struct HeadsCase: Sendable, CustomStringConvertible {
  let lengths: [Int]
  let heads: Int, groups: Int, width: Int
  var window = 0
  var softcap: Float = 0
  var shape: AttentionShape {
    AttentionShape(
      heads: heads, keyValueHeads: groups, headWidth: width,
      scale: Float(1 / Double(width).squareRoot()), window: window, softcap: softcap)
  }
  var rows: Int { lengths.reduce(0, +) }
  /// First row of each sequence, and N.
  var starts: [Int] { lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }
  var description: String { "H\(heads) G\(groups) D\(width) W\(window) C\(softcap) \(lengths)" }

  static let all: [HeadsCase] = [
    .init(lengths: [1], heads: 1, groups: 1, width: 2),
    .init(lengths: [7, 0, 33, 1], heads: 2, groups: 2, width: 6),
    .init(lengths: [93, 144], heads: 4, groups: 2, width: 8),
    .init(lengths: [65, 5], heads: 3, groups: 1, width: 16),
    .init(lengths: [130, 64], heads: 4, groups: 1, width: 64),
    .init(lengths: [40], heads: 2, groups: 1, width: 80),
    .init(lengths: [37, 144], heads: 2, groups: 1, width: 256),
    .init(lengths: [93, 7, 1], heads: 2, groups: 2, width: 8, window: 1),
    .init(lengths: [257, 5], heads: 4, groups: 2, width: 16, window: 5),
    .init(lengths: [144, 93], heads: 2, groups: 1, width: 64, window: 70),
    .init(lengths: [93, 40], heads: 2, groups: 1, width: 6, window: 500),
    .init(lengths: [7, 144], heads: 2, groups: 1, width: 16, softcap: 1.5),
    .init(lengths: [130], heads: 2, groups: 1, width: 256, window: 33, softcap: 5),
  ]

  /// Rows first..<first + length of head columns at `offset` in a (N, width) array.
  func rows(
    _ x: [Double], _ columns: Int, _ first: Int, _ length: Int, _ offset: Int
  ) -> [[Double]] {
    (first..<(first + length)).map { n in
      Array(x[(n * columns + offset)..<(n * columns + offset + width)])
    }
  }

  /// out (N, H D), lse (N, H) and the gradient of sum(dOut * out) for qkv.
  func reference(
    _ qkv: [Double], dOut: [Double]
  ) -> (out: [Double], lse: [Double], dQKV: [Double]) {
    let (w, o) = (shape.packedWidth, shape.outputWidth)
    var out = [Double](repeating: 0, count: rows * o)
    var lse = [Double](repeating: 0, count: rows * heads)
    var dQKV = [Double](repeating: 0, count: rows * w)
    let scale = Double(shape.scale)
    for (s, length) in lengths.enumerated() {
      let first = starts[s]
      for h in 0..<heads {
        let g = h / (heads / groups)
        let (qAt, kAt, vAt) = (h * width, (heads + g) * width, (heads + groups + g) * width)
        let q = rows(qkv, w, first, length, qAt)
        let k = rows(qkv, w, first, length, kAt)
        let v = rows(qkv, w, first, length, vAt)
        let d = rows(dOut, o, first, length, h * width)
        let head = Reference.head(q: q, k: k, v: v, shape, causal: true)
        for t in 0..<length {
          lse[(first + t) * heads + h] = head.lse[t]
          for i in 0..<width { out[(first + t) * o + h * width + i] = head.out[t][i] }
          let delta = zip(d[t], head.out[t]).map(*).reduce(0, +)
          for j in 0...t {
            let dp = zip(d[t], v[j]).map(*).reduce(0, +)
            let ds = head.p[t][j] * (dp - delta) * head.slope[t][j] * scale
            for i in 0..<width {
              dQKV[(first + t) * w + qAt + i] += ds * k[j][i]
              dQKV[(first + j) * w + kAt + i] += ds * q[t][i]
              dQKV[(first + j) * w + vAt + i] += head.p[t][j] * d[t][i]
            }
          }
        }
      }
    }
    return (out, lse, dQKV)
  }
}

extension Conformance {
  @Test(arguments: TestBackends.all(), HeadsCase.all)
  func attention(_ named: NamedBackend, _ s: HeadsCase) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(s.rows))
      let qkv = numbers.normals(s.rows * s.shape.packedWidth)
      let d = numbers.normals(s.rows * s.shape.outputWidth)
      let want = s.reference(qkv, dOut: d)
      let (x, starts) = (
        try f.input(qkv, [s.rows, s.shape.packedWidth]), try f.indices(s.starts)
      )
      let out = try f.output([s.rows, s.shape.outputWidth])
      let lse = try f.output([s.rows, s.heads])
      let longest = s.lengths.max() ?? 0
      try f.backend.attention(
        qkv: x, sequences: starts, longest: longest, shape: s.shape, into: out, logSumExp: lse)
      try f.expect(out, want.out, "attention")
      try f.expect(lse, want.lse, "attention", "log-sum-exp")
      let dQKV = try f.output([s.rows, s.shape.packedWidth])
      try f.backend.attentionBackward(
        try f.input(d, [s.rows, s.shape.outputWidth]), qkv: x, out: out, logSumExp: lse,
        sequences: starts, longest: longest, shape: s.shape, into: dQKV)
      // One lone position has no gradient for q and k but rounding; measure against dOut there.
      try f.expect(dQKV, want.dQKV, "attentionBackward")
    }
  }

  /// Scores of several hundred, where a softmax without max subtraction overflows.
  @Test(arguments: TestBackends.all())
  func attentionLargeScores(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let s = HeadsCase(lengths: [70], heads: 2, groups: 1, width: 8)
      var numbers = Numbers(8)
      let qkv = numbers.normals(s.rows * s.shape.packedWidth, scale: 15)
      let want = s.reference(
        qkv, dOut: .init(repeating: 0, count: s.rows * s.shape.outputWidth))
      let out = try f.output([s.rows, s.shape.outputWidth])
      let lse = try f.output([s.rows, s.heads])
      try f.backend.attention(
        qkv: try f.input(qkv, [s.rows, s.shape.packedWidth]),
        sequences: try f.indices(s.starts), longest: 70, shape: s.shape, into: out,
        logSumExp: lse)
      try f.expect(out, want.out, "attentionLarge")
      try f.expect(lse, want.lse, "attention")
    }
  }

  /// Tiles wholly outside the window are not computed: NaNs in the first keys and values stay with
  /// the positions whose tiles hold them, and those in the last queries and their gradients do not
  /// reach the first keys.
  @Test(arguments: TestBackends.all())
  func attentionSkipsTiles(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let s = HeadsCase(lengths: [600], heads: 2, groups: 1, width: 8, window: 9)
      let (w, o, far) = (s.shape.packedWidth, s.shape.outputWidth, 300)
      var numbers = Numbers(9)
      var qkv = numbers.normals(s.rows * w)
      let d = numbers.normals(s.rows * o)
      let starts = try f.indices(s.starts)
      func run(_ qkv: [Double], _ d: [Double]) throws -> (out: [Double], dQKV: [Double]) {
        let x = try f.input(qkv, [s.rows, w])
        let (out, lse) = (try f.output([s.rows, o]), try f.output([s.rows, s.heads]))
        try f.backend.attention(
          qkv: x, sequences: starts, longest: s.rows, shape: s.shape, into: out, logSumExp: lse)
        let dQKV = try f.output([s.rows, w])
        try f.backend.attentionBackward(
          try f.input(d, [s.rows, o]), qkv: x, out: out, logSumExp: lse, sequences: starts,
          longest: s.rows, shape: s.shape, into: dQKV)
        return (try f.reals(out), try f.reals(dQKV))
      }
      let clean = try run(qkv, d)
      for i in 0..<w { qkv[i] = .nan }
      for i in ((s.rows - 1) * w)..<(s.rows * w) { qkv[i] = .nan }
      let spoilt = try run(qkv, d)
      #expect(spoilt.out[..<o].allSatisfy { $0.isNaN })
      let middle = (far * w)..<((far + 1) * w)
      #expect(spoilt.out[(far * o)..<((far + 1) * o)] == clean.out[(far * o)..<((far + 1) * o)])
      #expect(spoilt.dQKV[middle] == clean.dQKV[middle])
    }
  }

  @Test(arguments: TestBackends.all())
  func attentionEmpty(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let s = HeadsCase(lengths: [], heads: 2, groups: 1, width: 8)
      let (x, out) = (try f.output([0, 32]), try f.output([0, 16]))
      let lse = try f.output([0, 2])
      let starts = try f.indices([0])
      try f.backend.attention(
        qkv: x, sequences: starts, longest: 0, shape: s.shape, into: out, logSumExp: lse)
      try f.backend.attentionBackward(
        out, qkv: x, out: out, logSumExp: lse, sequences: starts, longest: 0, shape: s.shape,
        into: x)
    }
  }

  /// Append to scattered entries, then decode against a prompt that all rows share and entries of
  /// their own: equal to attention over both, one behind the other.
  @Test(arguments: TestBackends.all(), HeadsCase.all)
  func decode(_ named: NamedBackend, _ s: HeadsCase) throws {
    try Fixture.run(named) { f in
      let (w, part) = (s.shape.packedWidth, s.groups * s.width)
      var numbers = Numbers(UInt64(s.width))
      let own = s.lengths.filter { $0 > 0 }
      // Row b sees all but b entries of the shared prompt, from entry 2 on.
      let shared = (own.max() ?? 0) + 5
      let starts = own.indices.map { 2 + shared + own[..<$0].reduce(0, +) + $0 }
      let count = (starts.last ?? 0) + (own.last ?? 0) + 1
      var keys = numbers.normals(count * part)
      var values = numbers.normals(count * part)
      let shape = [count, s.groups, s.width]
      let (tk, tv) = (try f.output(shape, values: keys), try f.output(shape, values: values))

      let entries = Array(numbers.shuffled(count).prefix(count / 2 + 1))
      let fresh = numbers.normals(entries.count * w)
      for (m, entry) in entries.enumerated() {
        for i in 0..<part {
          keys[entry * part + i] = fresh[m * w + s.heads * s.width + i]
          values[entry * part + i] = fresh[m * w + s.heads * s.width + part + i]
        }
      }
      try f.backend.appendKV(
        qkv: try f.input(fresh, [entries.count, w]), entries: try f.indices(entries),
        shape: s.shape, keys: tk, values: tv)
      try f.expect(tk, keys, "copy", "keys")
      try f.expect(tv, values, "copy", "values")

      let rows = numbers.normals(own.count * w)
      let runs = own.indices.map { [2, max(0, shared - $0), starts[$0], own[$0]] }
      var want: [Double] = []
      for (b, run) in runs.enumerated() {
        let seen = Array(run[0]..<(run[0] + run[1])) + Array(run[2]..<(run[2] + run[3]))
        for h in 0..<s.heads {
          let g = h / (s.heads / s.groups)
          let at = { (x: [Double], entry: Int) -> [Double] in
            let first = entry * part + g * s.width
            return Array(x[first..<(first + s.width)])
          }
          let q = Array(rows[(b * w + h * s.width)..<(b * w + (h + 1) * s.width)])
          want +=
            Reference.head(
              q: [q], k: seen.map { at(keys, $0) }, v: seen.map { at(values, $0) },
              s.shape, causal: false
            ).out[0]
        }
      }
      let out = try f.output([own.count, s.shape.outputWidth])
      try f.backend.attentionDecode(
        qkv: try f.input(rows, [own.count, w]), keys: tk, values: tv,
        runs: try f.indices(runs.flatMap { $0 }).reshaped([own.count, 4]),
        longest: runs.map { $0[1] + $0[3] }.max() ?? 0, shape: s.shape, into: out)
      try f.expect(out, want, "attention", "decode")
    }
  }
}
