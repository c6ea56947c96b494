#if canImport(CLKernels)
  import Foundation

  /// What of a product decides how it is computed best.
  package struct MatmulShape: Hashable, Codable, Sendable {
    /// How kernels read an operand; raw values are the kinds of kernels/operands.cl.
    package enum Operand: Int, Codable, Sendable {
      case f32, bf16
      /// f32, rounded to bf16 on its way into the product.
      case rounded

      init(_ type: ElementType, _ precision: ProductPrecision) {
        self = type == .bf16 ? .bf16 : precision == .bf16 ? .rounded : .f32
      }

      /// Bytes of an element in memory.
      var size: Int { self == .bf16 ? 2 : 4 }
    }

    package var m: Int, n: Int, k: Int
    package var ta: Bool, tb: Bool
    package var a: Operand, b: Operand

    package init(m: Int, n: Int, k: Int, ta: Bool, tb: Bool, a: Operand, b: Operand) {
      (self.m, self.n, self.k) = (m, n, k)
      (self.ta, self.tb) = (ta, tb)
      (self.a, self.b) = (a, b)
    }

    /// Both operands enter the product as bf16, which is what matrix units multiply.
    package var isBFloat16: Bool { a != .f32 && b != .f32 }

    /// 2 m n k.
    var operations: Double { 2 * Double(m) * Double(n) * Double(k) }

    /// How unlike two shapes are: the sum of |log2| of the ratios of their sizes; nil when they
    /// need different programs.
    func distance(to other: MatmulShape) -> Double? {
      guard ta == other.ta, tb == other.tb, a == other.a, b == other.b else { return nil }
      return zip([m, n, k], [other.m, other.n, other.k]).reduce(0) {
        $0 + abs(log2(Double($1.0) / Double($1.1)))
      }
    }

    /// `N`ot transposed or `T`ransposed a, then b.
    package var layout: String { (ta ? "T" : "N") + (tb ? "T" : "N") }

    /// Definitions that every family with operands takes.
    var defines: [String: Int] {
      [
        "A_KIND": a.rawValue, "B_KIND": b.rawValue, "TRANSPOSE_A": ta ? 1 : 0,
        "TRANSPOSE_B": tb ? 1 : 0,
      ]
    }
  }

  /// `c = scale op(a) op(b) (+ c)`, sizes above 0.
  package struct MatmulProduct {
    package var a: Tensor, b: Tensor, c: Tensor
    package var shape: MatmulShape
    package var accumulate: Bool
    package var scale: Float

    package init(
      a: Tensor, b: Tensor, c: Tensor, shape: MatmulShape, accumulate: Bool, scale: Float
    ) {
      (self.a, self.b, self.c) = (a, b, c)
      self.shape = shape
      self.accumulate = accumulate
      self.scale = scale
    }

    /// What every kernel has behind a and b.
    var tail: [OpenCLBackend.Argument] {
      [
        .rows(c), .size(shape.m), .size(shape.n), .size(shape.k), .float(scale), .flag(accumulate),
      ]
    }
  }
#endif
