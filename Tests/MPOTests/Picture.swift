import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// An SVG picture read back: well-formed, or the test fails.
final class Picture: NSObject, XMLParserDelegate {
  private(set) var texts: [String] = []
  /// Of the first element of each name.
  private(set) var attributes: [String: [String: String]] = [:]
  /// Curves drawn in panels, the legend's swatches (two points, no title) apart.
  var curves: Int { curveClasses.count }
  /// Of all curves' points.
  private(set) var points: [(x: Double, y: Double)] = []
  private var curveClasses: [String] = []
  private var markerClasses: [String] = []
  private var buffer = ""

  init(_ svg: String) throws {
    super.init()
    for text in ["nan", "inf"] {
      let body = svg.split(separator: "</style>").last.map(String.init) ?? ""
      #expect(!body.contains("\"\(text)") && !body.contains(" \(text) "))
      #expect(body.range(of: "[ML ]-?\(text)", options: .regularExpression) == nil)
    }
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    try #require(
      parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") at \(parser.lineNumber)")
  }

  /// Filled or hollow shapes of a colour.
  func markers(_ color: Int) -> Int {
    markerClasses.filter {
      $0.split(separator: " ").contains { $0 == "f\(color)" || $0 == "s\(color)" }
    }.count
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes found: [String: String]
  ) {
    buffer = ""
    if attributes[name] == nil { attributes[name] = found }
    guard name == "path", let classes = found["class"], let path = found["d"] else { return }
    let numbers = path.split { "MLZa ".contains($0) }.compactMap { Double($0) }
    let isSwatch = numbers.count == 4 && abs(numbers[2] - numbers[0] - 26) < 0.2
    if classes.hasPrefix("curve s") || classes.hasPrefix("curve thin"), !isSwatch,
      !path.contains("a"), numbers.count != 8 || !isCross(numbers)
    {
      curveClasses.append(classes)
      points += stride(from: 0, to: numbers.count - 1, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
    } else if !isSwatch {
      markerClasses.append(classes)
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { buffer += string }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    if ["text", "title", "desc"].contains(name) { texts.append(buffer) }
  }

  /// Two strokes of a marker, at most 12 pixels wide.
  private func isCross(_ numbers: [Double]) -> Bool {
    let xs = stride(from: 0, to: numbers.count, by: 2).map { numbers[$0] }
    return (xs.max() ?? 0) - (xs.min() ?? 0) < 12
  }
}
