import Foundation

/// How values become places on an axis.
public enum AxisScale: Sendable, Equatable {
  case linear
  /// Decades. Horizontally, values of 0 and less are left out; vertically they are drawn at the
  /// bottom, and a line below the chart says so.
  case log
}

/// One axis of a chart: its range, widened to round numbers, and ticks.
package struct Axis {
  package struct Tick: Equatable {
    package let value: Double
    package let label: String
  }

  package let scale: AxisScale
  package let low: Double
  package let high: Double
  package let ticks: [Tick]

  /// - Parameters:
  ///   - values: what is to be shown; what is not finite, or not above 0 on a log axis, is ignored.
  ///   - floor: on a log axis nothing below it is shown.
  ///   - hasZeros: leaves a decade below the smallest value, so that 0 has a place of its own.
  package init(
    _ values: [Double], scale: AxisScale, floor: Double = 0, hasZeros: Bool = false,
    isTight: Bool = false
  ) {
    self.scale = scale
    switch scale {
    case .linear:
      let finite = values.filter { $0.isFinite && abs($0) < 1e300 }
      var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
      if high - low <= 1e-12 * max(abs(low), abs(high)) {
        let pad = low == 0 ? 1 : abs(low) / 2
        (low, high) = (low - pad, high + pad)
      }
      let step = Self.niceStep((high - low) / 6)
      self.low = isTight ? low : (low / step).rounded(.down) * step
      self.high = isTight ? high : (high / step).rounded(.up) * step
      let first = (self.low / step - 1e-9).rounded(.up)
      let count = Int(((self.high / step + 1e-9).rounded(.down) - first).rounded())
      ticks = (0...max(0, min(count, 50))).map { i in
        let value = (first + Double(i)) * step
        return Tick(value: value, label: Self.linearLabel(value, step: step))
      }
    case .log:
      let positive = values.filter { $0.isFinite && $0 > 0 }
        .map { min(max($0, floor, 1e-300), 1e300) }
      let low = positive.min() ?? (floor > 0 ? floor : 0.1)
      let high = positive.max() ?? max(1, low)
      var bottom = Int((log10(low) + 1e-9).rounded(.down))
      var top = Int((log10(high) - 1e-9).rounded(.up))
      if hasZeros && pow(10, Double(bottom)) > floor { bottom -= 1 }
      if top <= bottom { top = bottom + 1 }
      self.low = pow(10, Double(bottom))
      let end = isTight ? max(high, self.low * 10) : pow(10, Double(top))
      self.high = end
      var ticks = Self.logTicks(bottom, top).filter { !isTight || $0.value <= end * 1.0001 }
      // A run of 5000 updates says so at its end.
      if isTight, bottom >= 0, top <= 6, end > (ticks.last?.value ?? 0) * 1.5 {
        ticks.append(Tick(value: end, label: Self.grouped(String(Int(end.rounded())))))
      }
      self.ticks = ticks
    }
  }

  /// 0 at the low end, 1 at the high one; nil for what has no place. Log: below the range is 0.
  package func position(_ value: Double) -> Double? {
    guard !value.isNaN else { return nil }
    let share: Double
    switch scale {
    case .linear:
      guard value.isFinite else { return nil }
      share = (value - low) / (high - low)
    case .log:
      guard value > low else { return 0 }
      guard value.isFinite else { return nil }
      share = (log(value) - log(low)) / (log(high) - log(low))
    }
    // Only what no axis can hold lies outside; it leaves the plot by a little.
    return min(max(share, -0.02), 1.02)
  }

  /// 1, 2 or 5 times a power of ten, at least `raw`.
  static func niceStep(_ raw: Double) -> Double {
    guard raw > 0, raw.isFinite else { return 1 }
    let power = pow(10, log10(raw).rounded(.down))
    let factor = [1, 2, 5].first { $0 * power >= raw * 0.999 } ?? 10
    return factor * power
  }

  private static func linearLabel(_ value: Double, step: Double) -> String {
    if abs(value) < step / 2 { return "0" }
    if abs(value) >= 1e6 || step < 1e-4 { return String(format: "%.3g", value) }
    let digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    return grouped(String(format: "%.\(digits)f", value))
  }

  /// Every decade, or every second, third, ... when there are many; 2 and 5 too when there are few.
  private static func logTicks(_ bottom: Int, _ top: Int) -> [Tick] {
    let isPlain = bottom >= -3 && top <= 6
    func tick(_ factor: Double, _ exponent: Int) -> Tick {
      Tick(
        value: factor * pow(10, Double(exponent)),
        label: isPlain ? plain(Int(factor), exponent) : power(exponent))
    }
    if isPlain && top - bottom <= 2 {
      return (bottom..<top).flatMap { [tick(1, $0), tick(2, $0), tick(5, $0)] } + [tick(1, top)]
    }
    // Multiples of the step, so that 1 has a label where it is in the range.
    let step = max(1, Int((Double(top - bottom) / 8).rounded(.up)))
    return (bottom...top).filter { $0 % step == 0 }.map { tick(1, $0) }
  }

  private static func plain(_ factor: Int, _ exponent: Int) -> String {
    if exponent < 0 {
      return "0." + String(repeating: "0", count: -exponent - 1) + String(factor)
    }
    return grouped(String(factor) + String(repeating: "0", count: exponent))
  }

  static func power(_ exponent: Int) -> String {
    guard exponent != 0 else { return "1" }
    let digits: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return "10" + String(String(exponent).compactMap { digits[$0] })
  }

  /// Thousands apart from five digits on.
  private static func grouped(_ text: String) -> String {
    guard !text.contains("."), text.filter(\.isNumber).count >= 5 else { return text }
    var out = ""
    for (i, character) in text.reversed().enumerated() {
      if i > 0, i % 3 == 0, character.isNumber { out.append(",") }
      out.append(character)
    }
    return String(out.reversed())
  }
}
