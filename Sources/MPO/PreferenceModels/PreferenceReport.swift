import Foundation

/// What a preference model is worth on held-out pairs.
public struct PreferenceReport: Sendable, Equatable, Codable {
  public var model = ""
  public var kind = PreferenceFile.Kind.bradleyTerry
  /// All pairs, and those that are no ties.
  public var pairs = 0
  public var decided = 0
  public var prompts = 0
  /// Share of the decided pairs whose logit has the label's sign (0 counts half), with a 95 % interval.
  public var accuracy = 0.5
  public var low = 0.0
  public var high = 1.0
  /// `wilson` where every prompt has one pair, else `bootstrap` over prompts.
  public var interval = WinRate.Interval.wilson
  /// Mean cross-entropy in nats; ln 2 = .693 knows nothing.
  public var loss = 0.0
  /// Mean logit of chosen over rejected.
  public var margin = 0.0
  /// Expected calibration error: `sum_b n_b / n |right_b - confidence_b|`.
  public var calibrationError = 0.0
  public var bins: [Bin] = []
  /// The same figures of a logistic regression on words (`bag_of_words`).
  public var bagOfWords: Baseline?
  /// Triples of responses to one prompt in the data; nil where no prompt has three.
  public var ownTriples: Triples?
  /// Triples of prompts' responses filled up with those to other prompts.
  public var collectedTriples: Triples?

  public init() {}

  /// Decided pairs whose confidence, the probability of the side that the model takes, is between two
  /// bounds.
  public struct Bin: Sendable, Equatable, Codable {
    public var low: Double
    public var high: Double
    public var pairs: Int
    /// Means over its pairs; 0 where it has none.
    public var confidence: Double
    public var right: Double
  }

  /// What has to be beaten, on the same pairs.
  public struct Baseline: Sendable, Equatable, Codable {
    public var accuracy: Double
    public var low: Double
    public var high: Double
    public var loss: Double
    public var calibrationError: Double

    enum CodingKeys: String, CodingKey {
      case accuracy = "eval_accuracy"
      case low = "eval_accuracy_low"
      case high = "eval_accuracy_high"
      case loss = "eval_loss"
      case calibrationError = "eval_ece"
    }
  }

  /// Cycles: i over j over k over i, each with more than 1/2.
  public struct Triples: Sendable, Equatable, Codable {
    public var prompts: Int
    public var responses: Int
    public var triples: Int
    public var cyclic: Int
    /// cyclic / triples; a tournament drawn by coin has 1/4.
    public var share: Double

    init(_ logits: [PreferenceLogits]) {
      let counts = logits.map(\.cyclicTriples)
      prompts = logits.count
      responses = logits.reduce(0) { $0 + $1.responses }
      triples = counts.reduce(0) { $0 + $1.all }
      cyclic = counts.reduce(0) { $0 + $1.cyclic }
      share = triples > 0 ? Double(cyclic) / Double(triples) : 0
    }
  }

  enum CodingKeys: String, CodingKey {
    case model
    case kind = "preference_model"
    case pairs, decided, prompts
    case accuracy = "eval_accuracy"
    case low = "eval_accuracy_low"
    case high = "eval_accuracy_high"
    case interval
    case loss = "eval_loss"
    case margin = "eval_margin"
    case calibrationError = "eval_ece"
    case bins = "calibration"
    case bagOfWords = "bag_of_words"
    case ownTriples = "own_triples"
    case collectedTriples = "collected_triples"
  }

  public static let fileName = "preference_report.json"

  /// The report as JSON, names sorted.
  public func json(pretty: Bool) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
      pretty
      ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      : [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// For metrics.jsonl.
  var values: [(name: String, value: Double)] {
    var values = [
      ("eval_loss", loss), ("eval_accuracy", accuracy), ("eval_accuracy_low", low),
      ("eval_accuracy_high", high), ("eval_margin", margin), ("eval_ece", calibrationError),
    ]
    if let words = bagOfWords {
      values += [
        ("bag_of_words/eval_accuracy", words.accuracy),
        ("bag_of_words/eval_accuracy_low", words.low),
        ("bag_of_words/eval_accuracy_high", words.high), ("bag_of_words/eval_loss", words.loss),
        ("bag_of_words/eval_ece", words.calibrationError),
      ]
    }
    if let triples = collectedTriples ?? ownTriples {
      values.append(("eval_cyclic_triples", triples.share))
    }
    return values
  }

  /// For people.
  public var lines: [String] {
    func percent(_ x: Double) -> String { String(format: "%.1f", 100 * x) }
    let over =
      interval == .wilson
      ? "Wilson over \(decided) pairs" : "bootstrap over \(prompts) prompts"
    var lines = [
      "accuracy \(percent(accuracy)) % (95 % interval \(percent(low))-\(percent(high)) %, \(over))"
        + (decided < pairs ? "; \(pairs - decided) ties apart" : ""),
      String(
        format: "negative log-likelihood %.4f nats (a coin %.4f), mean margin %.4f", loss, log(2.0),
        margin),
      String(
        format: "expected calibration error %.4f over %d bins of equal width from 1/2 to 1",
        calibrationError, bins.count), "  confidence    pairs  mean   right",
    ]
    lines += bins.map { bin in
      let range = String(format: "  %.2f-%.2f  %7d", bin.low, bin.high, bin.pairs)
      return bin.pairs > 0
        ? range + String(format: "  %.3f  %.3f", bin.confidence, bin.right)
        : range + "  -      -"
    }
    if let words = bagOfWords {
      lines.append(
        "bag of words: accuracy \(percent(words.accuracy)) % (95 % interval \(percent(words.low))-"
          + "\(percent(words.high)) %), "
          + String(
            format: "negative log-likelihood %.4f nats, calibration error %.4f", words.loss,
            words.calibrationError))
    }
    if let own = ownTriples { lines.append("cyclic triples of responses to one prompt: \(own)") }
    if let collected = collectedTriples {
      lines.append("cyclic triples among collected responses: \(collected)")
    }
    return lines
  }
}

extension PreferenceReport.Triples: CustomStringConvertible {
  public var description: String {
    String(
      format: "%d of %d (%.2f %%), %d prompts with %.1f responses each", cyclic, triples,
      100 * share, prompts, Double(responses) / Double(max(1, prompts)))
  }
}

extension WinRate.Interval: Codable {}
