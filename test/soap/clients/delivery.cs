// The delivery service by a .NET proxy that the wsdl tool has generated: asks without credentials first, is told to show them, and calls.
using System;
using System.Globalization;
using System.Net;
using System.Web.Services.Protocols;

static class Program {
  static string Of(float number) { return number.ToString("R", CultureInfo.InvariantCulture); }

  static int Main(string[] arguments) {
    var delivery = new Delivery { Url = arguments[0], Credentials = new NetworkCredential(arguments[1], arguments[2]) };
    float length, width, height, weight;
    string comment;
    var goods = new[] {
      new Dimensions { Length = 0.130f, Width = 0.100f, Height = 0.001f, Weight = 0.1f, Qty = 2 },
      new Dimensions { Length = 0.1331f, Width = 0.0998f, Height = 0.0788f, Weight = 0.575f, Qty = 1 },
    };
    var fits = delivery.CheckDimensions(goods, out length, out width, out height, out weight, out comment);
    Console.WriteLine("{0} {1} {2} {3} {4} '{5}'", fits, Of(length), Of(width), Of(height), Of(weight), comment);
    goods[0].Weight = 20f;
    fits = delivery.CheckDimensions(goods, out length, out width, out height, out weight, out comment);
    Console.WriteLine("{0} {1} '{2}'", fits, Of(weight), comment);

    var customer = new Customer {
      ID = "C-1", Name = "Ada", Address = new Address { Index = "10115", City = "Berlin", Street = "Chausseestraße" },
    };
    var order = new[] { new Goods { SKU = "S", Length = 0.1f, Width = 0.1f, Height = 0.1f, Weight = 1, Qty = 1, Price = 9.99f } };
    var when = new DateTime(2026, 1, 31, 9, 30, 0, DateTimeKind.Utc);
    Func<string, long> push = number =>
      delivery.PushOrder("A-1", number, when, customer, 12.5f, 0, 1, true, true, order, new DateTime(), 0, null);
    var first = push("N-1");
    Console.WriteLine("{0} {1}", first > 0, first == push("N-1"));
    try {
      push("LOCKED");
    } catch (SoapException error) {
      Console.WriteLine("{0} {1} '{2}'", error.Code.Name, error.Detail["CallRefusal"]["type"].InnerText, error.Message);
    }
    TrackNumber[] numbers;
    var mark = delivery.GetTrackNumbers(when, out numbers);
    Console.WriteLine("{0} {1} {2} {3}", mark.ToUniversalTime().ToString("o"), numbers.Length, numbers[0].Activity, numbers[1].Number ?? "none");
    return 0;
  }
}
