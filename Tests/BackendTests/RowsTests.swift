import MPOBackend
import TestSupport
import Testing

extension Conformance {
  @Test(arguments: TestBackends.all(), [(1, 1), (7, 93), (93, 7), (144, 144), (3, 2500)])
  func embedding(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let ((n, c), v) = (size, 13)
      var numbers = Numbers(UInt64(n))
      let table = numbers.normals(v * c)
      let ids = numbers.integers(n, below: v)
      let out = try f.output([n, c])
      try f.backend.embedding(try f.indices(ids), table: try f.input(table, [v, c]), into: out)
      try f.expect(out, ids.flatMap { table[($0 * c)..<(($0 + 1) * c)] }, "embedding")

      let dOut = numbers.normals(n * c)
      var want = numbers.normals(v * c)
      let dTable = try f.output([v, c], values: want)
      try f.backend.embeddingBackward(
        try f.indices(ids), dOut: try f.input(dOut, [n, c]), into: dTable)
      for (i, id) in ids.enumerated() { for j in 0..<c { want[id * c + j] += dOut[i * c + j] } }
      try f.expect(dTable, want, "embeddingBackward")
      try f.backend.embeddingBackward(
        try f.indices(ids), dOut: try f.input(dOut, [n, c]), scale: -1.5, into: dTable)
      for (i, id) in ids.enumerated() {
        for j in 0..<c { want[id * c + j] -= 1.5 * dOut[i * c + j] }
      }
      try f.expect(dTable, want, "embeddingBackward", "scaled")
    }
  }

  /// Scaled, accumulated, and from a table of either type.
  @Test(arguments: TestBackends.all(), [(1, 1), (7, 93), (93, 7), (144, 257), (3, 2500)])
  func embeddingForms(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let ((n, c), v) = (size, 13)
      var numbers = Numbers(UInt64(n))
      let (table, base) = (numbers.normals(v * c), numbers.normals(n * c))
      let ids = numbers.integers(n, below: v)
      for type in [ElementType.f32, .bf16] {
        let entering = Self.entering(table, type, .f32)
        let looked = ids.flatMap { entering[($0 * c)..<(($0 + 1) * c)] }
        let values = try f.input(table, [v, c], type)
        let plain = try f.output([n, c])
        try f.backend.embedding(try f.indices(ids), table: values, into: plain)
        try f.expect(plain, looked, "embedding", "\(type)")
        let scale = Float(33.94)
        let scaled = try f.output([n, c])
        try f.backend.embedding(
          try f.indices(ids), table: values, scale: scale, accumulate: false, into: scaled)
        try f.expect(scaled, looked.map { Double(scale) * $0 }, "embeddingScaled", "\(type)")
        let sum = try f.output([n, c], values: base)
        try f.backend.embedding(
          try f.indices(ids), table: values, scale: 0.5, accumulate: true, into: sum)
        try f.expect(
          sum, zip(base, looked).map { $0 + 0.5 * $1 }, "embeddingScaled", "sum \(type)")
      }
    }
  }

  @Test(arguments: TestBackends.all(), [(1, 1), (7, 93), (93, 7), (144, 144)])
  func gatherAndScatterRows(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, c) = size
      var numbers = Numbers(UInt64(n))
      let x = numbers.normals(n * c)
      let rows = Array(numbers.shuffled(n).prefix((n + 1) / 2))
      let m = rows.count
      let out = try f.output([m, c])
      try f.backend.gatherRows(try f.input(x, [n, c]), rows: try f.indices(rows), into: out)
      try f.expect(out, rows.flatMap { x[($0 * c)..<(($0 + 1) * c)] }, "embedding", "gather")

      let dOut = numbers.normals(m * c)
      var want = numbers.normals(n * c)
      let dX = try f.output([n, c], values: want)
      try f.backend.scatterRows(try f.input(dOut, [m, c]), rows: try f.indices(rows), into: dX)
      for (i, row) in rows.enumerated() {
        for j in 0..<c { want[row * c + j] += dOut[i * c + j] }
      }
      try f.expect(dX, want, "scatterRows")
    }
  }

  @Test(arguments: TestBackends.all())
  func emptyRows(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let none = try f.indices([])
      let table = try f.input([Float](repeating: 1, count: 12), [4, 3])
      let out = try f.output([0, 3])
      try f.backend.embedding(none, table: table, into: out)
      try f.backend.gatherRows(table, rows: none, into: out)
      let kept = try f.output([4, 3], values: [Double](repeating: 1, count: 12))
      try f.backend.scatterRows(out, rows: none, into: kept)
      try f.backend.embeddingBackward(none, dOut: out, into: kept)
      try f.expect(kept, [Double](repeating: 1, count: 12), "copy")
      try f.backend.add(out, out, into: out)
      try f.backend.copy(out, to: out)
      try f.backend.fill(out, with: 1)
    }
  }
}

extension Conformance {
  /// Small and large transfers (they may take different ways) to a view inside a larger allocation.
  @Test(arguments: TestBackends.all(), [1, 93, 300_001])
  func transfer(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let first = numbers.uniforms(n).map { Float($0) }
      let second = first.map { $0 + 1 }
      let view = try f.output([n])
      try first.withUnsafeBytes { try f.backend.upload($0, to: view) }
      let kept = try f.output([n])
      try f.backend.copy(view, to: kept)
      // The copy must see the first upload, not the second.
      try second.withUnsafeBytes { try f.backend.upload($0, to: view) }
      #expect(try f.backend.floats(view) == second)
      try f.expect(kept, first.map(Double.init), "copy")
    }
  }
}
