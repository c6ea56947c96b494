import Foundation
import MPO
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Pictures are read back by an XML parser.
struct ChartTests {
  private func chart(_ series: [ChartSeries], yScale: AxisScale = .log) -> Chart {
    Chart(
      title: "Gap", subtitle: "of <games> & \"others\"", xLabel: "updates", yLabel: "gap",
      xScale: .log, yScale: yScale, series: series)
  }

  private func line(_ name: String, _ count: Int = 50, _ value: (Double) -> Double) -> ChartSeries {
    ChartSeries(name, (1...count).map { (x: Double($0), y: value(Double($0))) })
  }

  @Test func everySeriesIsThereAndNamed() throws {
    let series = (0..<12).map { i in line("method \(i)") { 1 / ($0 + Double(i)) } }
    let picture = try Picture(chart(series).svg)
    #expect(picture.curves == 12)
    for i in 0..<12 {
      #expect(picture.texts.contains("method \(i)"), "legend")
      #expect(picture.markers(Palette.color(i)) > 0)
    }
    #expect(picture.attributes["svg"]?["role"] == "img")
    #expect(picture.texts.contains("Gap"))
  }

  @Test func namesAreEscaped() throws {
    let name = "a & b < \"c\" > 'd' \u{1} \n é 日本"
    let picture = try Picture(chart([line(name) { $0 }]).svg)
    #expect(picture.texts.contains("a & b < \"c\" > 'd' \u{FFFD}   é 日本"))
    #expect(picture.texts.contains("of <games> & \"others\""))
  }

  /// Zero and less have a place at the bottom, and the picture says so.
  @Test func zeroAndLessOnALogAxis() throws {
    for floor in [0, 1e-16] {
      var zeros = chart([line("z") { $0 < 25 ? pow(10, -$0 / 2) : $0 < 40 ? 0 : -1e-3 }])
      zeros.yFloor = floor
      let picture = try Picture(zeros.svg)
      #expect(picture.texts.contains { $0.hasSuffix("are drawn at the bottom.") })
      let lowest = picture.points.map(\.y).max() ?? 0
      #expect(picture.points.filter { $0.y == lowest }.count > 1)
    }
    let positive = try Picture(chart([line("p") { 1 / $0 }]).svg)
    #expect(!positive.texts.contains { $0.hasSuffix("are drawn at the bottom.") })
  }

  /// x <= 0 has no place on a log axis; a point that is no number interrupts its line.
  @Test func whatCannotBeDrawnIsLeftOut() throws {
    let odd: [Double] = [
      0.5, .nan, 0.25, .infinity, -.infinity, 1e308, .leastNonzeroMagnitude, 0.1,
    ]
    let series = ChartSeries("odd", odd.enumerated().map { (x: Double($0), y: $1) })
    for scale in [AxisScale.log, .linear] {
      let picture = try Picture(chart([series], yScale: scale).svg)
      #expect(picture.curves == 1)
      #expect(picture.points.allSatisfy { $0.x > 0 && $0.x < 800 && $0.y > 0 && $0.y < 600 })
    }
  }

  @Test func onePointAndNone() throws {
    let one = try Picture(chart([ChartSeries("one", [(x: 1, y: 0.5)])]).svg)
    #expect(one.markers(0) == 2, "in the legend and at the point")
    for series in [[], [ChartSeries("empty", [])], [ChartSeries("nan", [(x: 1, y: .nan)])]] {
      for scale in [AxisScale.log, .linear] {
        #expect(try Picture(chart(series, yScale: scale).svg).texts.contains("no data"))
      }
    }
  }

  /// 10 series of 100,000 points, and as much on the simplex.
  @Test func filesStaySmall() throws {
    let series = (0..<10).map { i in line("s\(i)", 100_000) { 1 + sin($0 * Double(i + 1)) } }
    let paths = (0..<10).map { i in
      SimplexPlot.Path(
        (0..<20_000).map { t in
          let (a, b) = (sin(Double(t * (i + 1))), cos(Double(t) / 7))
          return [0.5 + a / 4, 0.25 - a / 4 + b / 8, 0.25 - b / 8]
        }, group: i)
    }
    let simplex = try #require(SimplexPlot(names: ["a", "b", "c"], paths: paths))
    let svg = chart(series).svg(beside: simplex)
    #expect(svg.utf8.count < 200_000)
    #expect(try Picture(svg).curves == 20)
  }

  /// Peaks survive: every fiftieth of 10,000 points is one.
  @Test func thinningKeepsSpikes() {
    let points = (0..<10_000).map { i -> (x: Double, y: Double)? in
      (x: Double(i) / 20, y: i == 5003 ? 100 : 0)
    }
    let thin = Thinning.curve(points, limit: 400)
    #expect(thin.count <= 420)
    #expect(thin.contains { $0?.y == 100 })
  }

  @Test func simplexTakesThreeNames() throws {
    #expect(SimplexPlot(names: ["a", "b"], paths: []) == nil)
    let path = SimplexPlot.Path([[1, 0, 0], [.nan, 0, 0], [0, 0, 1]], group: 0)
    let simplex = try #require(
      SimplexPlot(
        names: ["<a>", "b", "c"], paths: [path], start: [1, 0, 0], equilibrium: [0.2, 0.3, 0.5]))
    let picture = try Picture(chart([line("m") { $0 }]).svg(beside: simplex))
    #expect(picture.texts.contains("<a>") && picture.texts.contains("equilibrium"))
  }

  @Test func ticksAreRound() {
    let linear = Axis([0, 37], scale: .linear)
    #expect(linear.ticks.map(\.label) == ["0", "10", "20", "30", "40"])
    #expect(Axis([-0.2, 0.13], scale: .linear).ticks.map(\.label).contains("-0.1"))
    let log = Axis([3e-15, 0.4], scale: .log)
    #expect(log.ticks.map(\.label).last == "1")
    #expect(log.ticks.count <= 9 && log.ticks.map(\.label).contains("10⁻⁴"))
    #expect(Axis([1, 20_000], scale: .log).ticks.map(\.label).last == "100,000")
    #expect(Axis([0.3, 0.4], scale: .log).ticks.map(\.label) == ["0.1", "0.2", "0.5", "1"])
    #expect(Axis([], scale: .log).position(0.5) != nil)
  }

  /// Contrast of at least 3 between every series and its ground (WCAG 2.2, 1.4.11).
  @Test func coloursStandOut() throws {
    for (colors, ground) in [(Palette.light, "#ffffff"), (Palette.dark, "#0d1117")] {
      #expect(Set(colors).count == 10)
      for color in colors {
        let (a, b) = (try luminance(color), try luminance(ground))
        #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 3, "\(color)")
      }
    }
  }

  private func luminance(_ color: String) throws -> Double {
    let bits = try #require(Int(color.dropFirst(), radix: 16))
    func part(_ shift: Int) -> Double {
      let value = Double((bits >> shift) & 255) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
  }

  @Test func unwritablePathsAreRefusedBeforeTheRun() throws {
    let folder = try TemporaryFolderPath()
    #expect(throws: PictureError.name("a.png", what: "plot", suffix: ".svg")) {
      try PictureFile("a.png")
    }
    #expect(throws: (any Error).self) { try PictureFile(folder.path + "/absent/a.svg") }
    #expect(throws: PictureError.self) { try PictureFile(folder.make("folder.svg")) }
    let file = try PictureFile(folder.path + "/a.svg")
    #expect(!FileManager.default.fileExists(atPath: file.path), "made only when written")
    try file.write("<svg/>")
    #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "<svg/>")
  }
}

/// A folder for one test, with a way to make another in it.
private final class TemporaryFolderPath {
  let path = NSTemporaryDirectory() + "magnetic-chart-\(UUID().uuidString)"
  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  func make(_ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    return "\(path)/\(name)"
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
