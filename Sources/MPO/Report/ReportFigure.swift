import Foundation

/// A figure as people read it: four digits that count, thousands apart, an exponent only for what is
/// very small or very large; "–" for what is no number.
func reportFigure(_ value: Double?) -> String {
  guard let value, value.isFinite else { return "–" }
  let size = abs(value)
  if size == 0 { return "0" }
  if size < 1e-3 || size >= 1e9 { return exponential(value) }
  if value == value.rounded() { return grouped(String(format: "%.0f", value)) }
  let digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4
  return grouped(String(format: "%.\(digits)f", value))
}

/// A value with its standard error, both to the error's second digit: `0.0480 ± 0.0032`.
func reportFigure(_ value: Double, error: Double) -> String {
  guard value.isFinite, error.isFinite else { return reportFigure(value) }
  // Equal to the last digit: there is nothing to say of an error.
  guard error > 1e-12 * abs(value) else { return reportFigure(value) }
  let digits = 1 - Int(log10(error).rounded(.down))
  // Beside a value of another size, or far from 1, plain decimals would be all zeros.
  guard digits <= 6, max(abs(value), error) < 1e9 else {
    return "\(exponential(value)) ± \(exponential(error))"
  }
  let format = "%.\(max(0, digits))f"
  return grouped(String(format: format, value)) + " ± "
    + grouped(String(format: format, error))
}

/// Percent with one decimal.
func reportPercent(_ share: Double) -> String {
  share.isFinite ? String(format: "%.1f %%", 100 * share) : "–"
}

/// `1 h 02 min`, `3 min 20 s`, `12 s`, `0.8 s`.
func reportDuration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
  if seconds < 9.95 { return String(format: "%.1f s", seconds) }
  let whole = Int(seconds.rounded())
  if whole < 60 { return "\(whole) s" }
  if whole < 3600 { return "\(whole / 60) min \(String(format: "%02d", whole % 60)) s" }
  return "\(whole / 3600) h \(String(format: "%02d", whole / 60 % 60)) min"
}

/// MiB as the nearest unit.
func reportMemory(_ mebibytes: Double) -> String {
  guard mebibytes.isFinite else { return "–" }
  return mebibytes < 1024
    ? "\(reportFigure((mebibytes * 10).rounded() / 10)) MiB"
    : "\(reportFigure((mebibytes / 10.24).rounded() / 100)) GiB"
}

/// A figure for an axis, as short as can be: `12k`, `1.5M`, `2.5e-4`.
func shortTick(_ value: Double, plain: String) -> String {
  let size = abs(value)
  if size > 0, size < 1e-3, plain.count > 5 {
    let parts = String(format: "%.3e", value).split(separator: "e")
    guard parts.count == 2, let number = Double(parts[0]), let exponent = Int(parts[1]) else {
      return plain
    }
    return String(format: "%.4g", number) + "e\(exponent)"
  }
  guard size >= 10_000, size < 1e13 else { return plain }
  for (unit, name) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where size >= unit {
    return String(format: "%.4g", value / unit) + name
  }
  return plain
}

private func exponential(_ value: Double) -> String {
  let parts = String(format: "%.2e", value).split(separator: "e")
  guard parts.count == 2, let exponent = Int(parts[1]) else { return "\(value)" }
  return "\(parts[0])e\(exponent)"
}

/// Thousands apart by commas.
private func grouped(_ text: String) -> String {
  let sign = text.hasPrefix("-") ? "-" : ""
  let parts = text.dropFirst(sign.count).split(separator: ".", maxSplits: 1)
  guard let whole = parts.first, whole.count > 3 else { return text }
  var out = ""
  for (i, digit) in whole.enumerated() {
    if i > 0, (whole.count - i) % 3 == 0 { out.append(",") }
    out.append(digit)
  }
  return sign + out + (parts.count > 1 ? "." + parts[1] : "")
}
