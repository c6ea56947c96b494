import Foundation
import MPOBackend

/// Cosines and sines of the rotary embedding for every position, (P, D/2) each.
public struct RotaryTable {
  public var cosine: Tensor
  public var sine: Tensor
}

/// The tables of a decoder's rotary schemes on the device. They grow by doubling, so a long context
/// costs nothing until it is used. The angle is the float32 product of position and frequency:
/// models are trained with that rounding, which a more exact angle would not match at late
/// positions.
final class RotaryTables {
  private struct Scheme {
    let frequencies: [Float]
    let factor: Double
    var table: RotaryTable?
  }

  private var schemes: [Scheme]
  private let maxPositions: Int
  private let backend: any ComputeBackend

  init(_ shape: DecoderShape, on backend: any ComputeBackend) {
    var found: [RotaryScheme] = []
    if case .rotary(let list) = shape.positions { found = list }
    schemes = found.map {
      Scheme(frequencies: $0.frequencies(headWidth: shape.headWidth), factor: $0.attentionFactor)
    }
    maxPositions = shape.maxPositions
    self.backend = backend
  }

  /// The tables of all schemes, of at least the first `positions` positions.
  func tables(positions: Int) throws -> [RotaryTable] {
    try schemes.indices.map { i in
      if let table = schemes[i].table, table.cosine.rows >= positions { return table }
      var rows = 64
      while rows < positions { rows *= 2 }
      let table = try build(schemes[i], rows: max(positions, min(rows, maxPositions)))
      schemes[i].table = table
      return table
    }
  }

  private func build(_ scheme: Scheme, rows: Int) throws -> RotaryTable {
    let frequencies = scheme.frequencies
    var cosine: [Float] = []
    var sine: [Float] = []
    cosine.reserveCapacity(rows * frequencies.count)
    sine.reserveCapacity(rows * frequencies.count)
    for position in 0..<rows {
      for f in frequencies {
        let angle = Double(Float(position) * f)
        cosine.append(Float(cos(angle) * scheme.factor))
        sine.append(Float(sin(angle) * scheme.factor))
      }
    }
    return RotaryTable(
      cosine: try backend.tensor(cosine, [rows, frequencies.count]),
      sine: try backend.tensor(sine, [rows, frequencies.count]))
  }
}
