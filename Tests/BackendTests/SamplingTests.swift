import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  static let samplers: [SamplingSettings] = [
    .init(), .init(temperature: 0.6), .init(temperature: 1.7, topK: 5), .init(topP: 0.7),
    .init(temperature: 0.9, minP: 0.1), .init(temperature: 1.2, topK: 20, topP: 0.9, minP: 0.02),
    .init(temperature: 0), .init(topK: 1),
  ]

  /// softmax(x / T), and the same restricted to the kept set of `SamplingSettings`.
  static func kept(_ x: [Double], _ s: SamplingSettings) -> (p: [Double], kept: [Double]) {
    let temperature = s.temperature > 0 ? Double(s.temperature) : 1
    let p = Reference.softmax(x.map { $0 / temperature }).p
    guard s.temperature > 0 else {
      let best = x.indices.max { x[$0] < x[$1] || (x[$0] == x[$1] && $0 > $1) }
      return (p, x.indices.map { $0 == best ? 1 : 0 })
    }
    let falling = p.sorted(by: >)
    var threshold = Double(s.minP) * falling[0]
    if s.topK > 0 && s.topK < p.count { threshold = max(threshold, falling[s.topK - 1]) }
    if s.topP < 1 {
      var mass = 0.0
      for (i, value) in falling.enumerated() {
        mass += value
        if mass >= Double(s.topP) {
          threshold = max(threshold, falling[i])
          break
        }
      }
    }
    // Equal logits give equal p; the slack only absorbs the reference's own rounding.
    let q = p.map { $0 >= threshold * (1 - 1e-12) ? $0 : 0 }
    let sum = q.reduce(0, +)
    return (p, q.map { $0 / sum })
  }

  /// The drawn token is the one of the inverse transform with Philox's number, unless that number is
  /// within rounding of a boundary.
  @Test(arguments: TestBackends.all(), [1, 2, 301, 2500])
  func sample(_ named: NamedBackend, _ v: Int) throws { try sample(named, v, rows: 93) }

  func sample(_ named: NamedBackend, _ v: Int, rows n: Int) throws {
    try Fixture.run(named) { f in
      for (k, s) in Self.samplers.enumerated() {
        var numbers = Numbers(UInt64(v + k))
        let x = numbers.normals(n * v, scale: 2)
        let rows = (0..<n).map { $0 * 3 + 1 }
        let (tokens, logs) = (try f.output([n], .i32), try f.output([n]))
        try f.backend.sample(
          try f.input(x, [n, v]), rows: try f.indices(rows), settings: s,
          seed: 0x1234_5678_9ABC_DEF0, stream: 7, index: 11, into: tokens, logProbs: logs)
        let got = try f.integers(tokens)
        var want: [Double] = []
        for b in 0..<n {
          let row = Array(x[(b * v)..<((b + 1) * v)])
          let (p, q) = Self.kept(row, s)
          guard (0..<v).contains(got[b]) else {
            Issue.record("token \(got[b]) outside 0..<\(v)")
            return
          }
          want.append(log(p[got[b]]))
          let u = Double(
            Philox.samplingUniform(
              seed: 0x1234_5678_9ABC_DEF0, index: 11, row: UInt32(rows[b]), stream: 7))
          let below = q[..<got[b]].reduce(0, +)
          #expect(q[got[b]] > 0, "\(s) drew a token outside the kept set")
          #expect(
            below <= u + 2e-6 && u < below + q[got[b]] + 2e-6,
            "\(s) row \(b): drew \(got[b]), whose mass is \(below)...\(below + q[got[b]]), u \(u)")
        }
        try f.expect(logs, want, "logProb", floor: 1)
      }
    }
  }

  /// Ties stay together: of four equal tokens top-k 1 and a small top-p keep all four.
  @Test(arguments: TestBackends.all())
  func sampleTies(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let n = 400
      let x = [Float]((0..<n).flatMap { _ in [1, 0, 1, -2, 1, 1, 0.5] as [Float] })
      let rows = try f.indices(Array(0..<n))
      let logits = try f.input(x, [n, 7])
      for s in [SamplingSettings(topK: 1), .init(topP: 0.01), .init(minP: 1)] {
        let (tokens, logs) = (try f.output([n], .i32), try f.output([n]))
        try f.backend.sample(
          logits, rows: rows, settings: s, seed: 3, stream: 0, index: 0, into: tokens,
          logProbs: logs)
        #expect(Set(try f.integers(tokens)) == [0, 2, 4, 5], "\(s)")
      }
      let (tokens, logs) = (try f.output([n], .i32), try f.output([n]))
      try f.backend.sample(
        logits, rows: rows, settings: .init(temperature: 0), seed: 3, stream: 0, index: 0,
        into: tokens, logProbs: logs)
      #expect(Set(try f.integers(tokens)) == [0], "argmax takes the lowest index")
    }
  }

  /// Frequencies of 20,000 draws: chi-square below its mean plus six standard deviations.
  @Test(arguments: TestBackends.all(), samplers.filter { $0.temperature > 0 })
  func samplingFrequencies(_ named: NamedBackend, _ s: SamplingSettings) throws {
    try Fixture.run(named) { f in
      let (n, v) = (20_000, 31)
      var numbers = Numbers(12)
      let row = numbers.normals(v, scale: 1.5)
      let logits = try f.input((0..<n).flatMap { _ in row }, [n, v])
      let (tokens, logs) = (try f.output([n], .i32), try f.output([n]))
      try f.backend.sample(
        logits, rows: try f.indices(Array(0..<n)), settings: s, seed: 99, stream: 1, index: 0,
        into: tokens, logProbs: logs)
      var counts = [Int](repeating: 0, count: v)
      for t in try f.integers(tokens) { counts[t] += 1 }
      let q = Self.kept(row, s).kept
      var (square, cells) = (0.0, 0)
      for j in 0..<v {
        let expected = q[j] * Double(n)
        if expected == 0 {
          #expect(counts[j] == 0)
        } else {
          square += (Double(counts[j]) - expected) * (Double(counts[j]) - expected) / expected
          cells += 1
        }
      }
      let freedom = Double(cells - 1)
      #expect(square <= freedom + 6 * (2 * freedom).squareRoot() + 6, "\(s): \(square), \(freedom)")
    }
  }

  /// A row's token does not depend on the batch that it is drawn in.
  @Test(arguments: TestBackends.all())
  func samplingBatchSplits(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let (n, v) = (24, 301)
      var numbers = Numbers(13)
      let x = numbers.normals(n * v)
      let s = SamplingSettings(temperature: 1.1, topK: 50, topP: 0.95)
      func draw(_ rows: Range<Int>) throws -> [Int] {
        let (tokens, logs) = (try f.output([rows.count], .i32), try f.output([rows.count]))
        let part = Array(x[(rows.lowerBound * v)..<(rows.upperBound * v)])
        try f.backend.sample(
          try f.input(part, [rows.count, v]), rows: try f.indices(Array(rows)), settings: s,
          seed: 5, stream: 2, index: 3, into: tokens, logProbs: logs)
        return try f.integers(tokens)
      }
      let whole = try draw(0..<n)
      #expect(try draw(0..<7) + draw(7..<8) + draw(8..<n) == whole)
    }
  }
}
