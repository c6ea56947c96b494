import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// The suite that every backend must pass; its tests are in extensions, one topic a file.
@Suite struct Conformance {}

/// Tensors of one test, each inside a larger allocation whose surroundings (before, after and
/// between strided rows) hold canaries: `finish` fails when a kernel wrote to one or to an input.
/// Inputs lie among NaNs, so that a kernel which reads one shows it in its result; outputs lie among
/// finite numbers, which a NaN that got there by such a read cannot pass for.
final class Fixture {
  let backend: any ComputeBackend
  let kind: NamedBackend.Kind
  private var guards: [Guard] = []

  private struct Guard {
    let view: Tensor
    /// In 16-bit words, low ones first: what every type is a multiple of.
    let bits: [UInt16]
    let output: Bool
  }

  static let canary: UInt32 = 0x7FC0_7FC3
  static let outputCanary: UInt32 = Float(-12_345.678).bitPattern
  /// Elements before each view: odd, so that none starts at a vector's alignment, unless a test says
  /// otherwise.
  var before = 17
  private static let after = 37

  init(_ backend: any ComputeBackend, _ named: NamedBackend) {
    self.backend = backend
    kind = named.kind
  }

  /// Lends `named` to `body` and checks the canaries after it.
  static func run(_ named: NamedBackend, _ body: (Fixture) throws -> Void) throws {
    try named.run { backend in
      let fixture = Fixture(backend, named)
      try body(fixture)
      try fixture.finish()
    }
  }

  func input(_ values: [Float], _ shape: [Int], stride: Int? = nil) throws -> Tensor {
    try place(values.flatMap { halves($0.bitPattern) }, .f32, shape, stride, output: false)
  }

  func input(_ values: [Double], _ shape: [Int], stride: Int? = nil) throws -> Tensor {
    try input(values.map { Float($0) }, shape, stride: stride)
  }

  /// In f32, f64 or bf16 (rounded to nearest even).
  func input(
    _ values: [Double], _ shape: [Int], _ type: ElementType, stride: Int? = nil
  ) throws -> Tensor {
    try place(Self.words(values, type), type, shape, stride, output: false)
  }

  private static func words(_ values: [Double], _ type: ElementType) -> [UInt16] {
    switch type {
    case .bf16: values.map { HalfFloats.toBFloat16(Float($0)) }
    case .f64: values.flatMap { halves($0.bitPattern) }
    case .f32, .i32: values.flatMap { halves(Float($0).bitPattern) }
    }
  }

  func indices(_ values: [Int]) throws -> Tensor {
    try place(
      values.flatMap { halves(UInt32(bitPattern: Int32($0))) }, .i32, [values.count], nil,
      output: false)
  }

  /// A tensor that the operation may write; canaries inside too unless `values` are given.
  func output(
    _ shape: [Int], _ type: ElementType = .f32, stride: Int? = nil, values: [Double]? = nil
  ) throws -> Tensor {
    let bits =
      values.map { Self.words($0, type) }
      ?? Self.canaries(Self.canary, bytes: shape.reduce(1, *) * type.size)
    return try place(bits, type, shape, stride, output: true)
  }

  private func place(
    _ bits: [UInt16], _ type: ElementType, _ shape: [Int], _ stride: Int?, output: Bool
  ) throws -> Tensor {
    let columns = shape.last ?? 1
    let rows = shape.dropLast().reduce(1, *)
    let stride = stride ?? columns
    let size = type.size / 2
    precondition(bits.count == rows * columns * size, "values do not fill \(shape)")
    let total = before + rows * stride + Self.after
    var whole = Self.canaries(
      output ? Self.outputCanary : Self.canary, bytes: total * type.size)
    for r in 0..<rows {
      for c in 0..<(columns * size) {
        whole[(before + r * stride) * size + c] = bits[r * columns * size + c]
      }
    }
    let storage = try backend.allocate(total, type)
    let all = Tensor(storage: storage, shape: [total])
    try whole.withUnsafeBytes { try backend.upload($0, to: all) }
    let view = Tensor(storage: storage, offset: before, shape: shape, rowStride: stride)
    guards.append(Guard(view: view, bits: whole, output: output))
    return view
  }

  /// As many bytes of a canary; 16-bit elements hold its halves in turn, both NaN for `canary`.
  private static func canaries(_ word: UInt32, bytes: Int) -> [UInt16] {
    let pair = halves(word)
    return (0..<bytes / 2).map { pair[$0 % 2] }
  }

  private func bits(of storage: DeviceBuffer) throws -> [UInt16] {
    var now = [UInt16](repeating: 0, count: storage.count * storage.type.size / 2)
    let all = Tensor(storage: storage, shape: [storage.count])
    try now.withUnsafeMutableBytes { try backend.download(all, to: $0) }
    return now
  }

  private func inside(_ t: Tensor) -> [Int] {
    (0..<t.rows).flatMap { r in (0..<t.columns).map { t.offset + r * t.rowStride + $0 } }
  }

  func values(_ t: Tensor) throws -> [Float] {
    let all = try bits(of: t.storage)
    return inside(t).map { Float(bitPattern: joined(all, $0)) }
  }

  /// Of f32, f64 or bf16.
  func reals(_ t: Tensor) throws -> [Double] {
    let all = try bits(of: t.storage)
    return inside(t).map {
      switch t.type {
      case .f64: Double(bitPattern: joined(all, $0))
      case .bf16: Double(HalfFloats.fromBFloat16(all[$0]))
      case .f32, .i32: Double(Float(bitPattern: joined(all, $0)))
      }
    }
  }

  func integers(_ t: Tensor) throws -> [Int] {
    let all = try bits(of: t.storage)
    return inside(t).map { Int(Int32(bitPattern: joined(all, $0))) }
  }

  func finish() throws {
    for g in guards {
      let now = try bits(of: g.view.storage)
      let size = g.view.type.size / 2
      let places = g.output ? inside(g.view) : []
      let writable = Set(places.flatMap { ($0 * size)..<(($0 + 1) * size) })
      let touched = now.indices.filter { now[$0] != g.bits[$0] && !writable.contains($0) }
      let what = g.output ? "around an output" : "in an input"
      #expect(
        touched.isEmpty,
        "wrote \(what) \(g.view.shape) at element \((touched.first ?? 0) / size - g.view.offset)")
    }
  }
}

/// A word's 16-bit parts, low ones first.
private func halves<Word: FixedWidthInteger>(_ word: Word) -> [UInt16] {
  (0..<Word.bitWidth / 16).map { UInt16(truncatingIfNeeded: word >> Word($0 * 16)) }
}

/// Element `index` of words in such parts.
private func joined<Word: FixedWidthInteger>(_ parts: [UInt16], _ index: Int) -> Word {
  let size = Word.bitWidth / 16
  return (0..<size).reduce(0) { $0 | Word(parts[index * size + $1]) << Word($1 * 16) }
}

/// Reproducible test data.
struct Numbers {
  private var generator: PhiloxGenerator
  init(_ seed: UInt64) { generator = PhiloxGenerator(seed: seed, domain: .test) }

  /// Standard normals times `scale`, exact in Float.
  mutating func normals(_ count: Int, scale: Double = 1) -> [Double] {
    (0..<count).map { _ in
      let u = Double(generator.uniform()) + 0x1p-25
      let v = Double(generator.uniform())
      return Double(Float(scale * (-2 * log(u)).squareRoot() * cos(2 * .pi * v)))
    }
  }

  mutating func uniforms(_ count: Int) -> [Double] {
    (0..<count).map { _ in Double(generator.uniform()) }
  }

  mutating func integers(_ count: Int, below limit: Int) -> [Int] {
    (0..<count).map { _ in Int.random(in: 0..<limit, using: &generator) }
  }

  mutating func shuffled(_ count: Int) -> [Int] {
    Array(0..<count).shuffled(using: &generator)
  }
}
