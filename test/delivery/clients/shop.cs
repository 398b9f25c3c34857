// A shop by a .NET proxy that the wsdl tool has generated: prices a basket, places an order and lists it (place); asks later what became of it (follow).
// Prints what it heard as JSON.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Web.Services.Protocols;

static class Program {
  static readonly DateTime Moment = new DateTime(2026, 1, 31, 9, 30, 0, DateTimeKind.Utc);
  static Delivery shop;
  static string order;

  static string Json(object value) {
    if (value == null) return "null";
    if (value is bool) return (bool)value ? "true" : "false";
    if (value is float) return ((float)value).ToString("R", CultureInfo.InvariantCulture);
    if (value is string) return "\"" + ((string)value).Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
    var named = value as Dictionary<string, object>;
    if (named != null) return "{" + string.Join(",", named.Select(one => Json(one.Key) + ":" + Json(one.Value))) + "}";
    var list = value as IEnumerable<object>;
    return list == null ? Convert.ToString(value, CultureInfo.InvariantCulture) : "[" + string.Join(",", list.Select(Json)) + "]";
  }

  static object[] Of(params object[] values) { return values; }
  static string Text(DateTime moment) { return moment.ToUniversalTime().ToString("o", CultureInfo.InvariantCulture); }
  static DateTime Read(string text) { return DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind); }
  static long Cents(float amount) { return (long)Math.Round(amount * 100.0); }

  static Dimensions Piece(float length, float width, float height, float weight, int quantity) {
    return new Dimensions { Length = length, Width = width, Height = height, Weight = weight, Qty = quantity };
  }

  static Dictionary<string, object> Place(float tooHeavy) {
    float length, width, height, weight;
    string comment, refusal, comments;
    var fits = shop.CheckDimensions(
      new[] { Piece(0.130f, 0.100f, 0.001f, 0.1f, 2), Piece(0.1331f, 0.0998f, 0.0788f, 0.575f, 1) },
      out length, out width, out height, out weight, out comment);
    float a, b, c, d;
    var isAdmitted = shop.CheckDimensions(new[] { Piece(0.3f, 0.3f, 0.3f, tooHeavy, 1) }, out a, out b, out c, out d, out refusal);
    var goods = new[] {
      new Goods {
        SKU = "SOAP-01", Name = "Soap box", Length = 0.133f, Width = 0.1f, Height = 0.079f, Weight = 0.575f, Qty = 2, Price = 9.9f, VATRate = "20%",
      },
    };
    var address = new Address { Index = "10100", City = "Alderburg", Street = "Clock Lane", Home = "7" };
    DeliveryType[] types;
    var id = shop.CalculateShippingCost(null, 19.8f, goods, address, 2, false, false, out types, out comments);
    var parcel = types.Single(one => one.TypeId == 3);
    var details = shop.GetDetailsOfCost(id, 3);
    var customer = new Customer { ID = "C-1", Name = "Ada Lovelace", Email = "ada@example.com", Address = address };
    Func<string, long> push = number => shop.PushOrder(
      order, number, Moment, customer, 19.8f, 0, 3, 2, false, true, goods, new DateTime(), 0, 0, null, null, null);
    Func<long> list = () => shop.PushReestr("M " + order, "1", Moment, Moment, new[] { order });
    var pushed = push("1");
    var isSame = pushed == push("1");
    var listed = list();
    var isListedOnce = listed == list();
    object[] fault = null;
    try {
      push("2");
    } catch (SoapException error) {
      fault = Of(error.Code.Name, error.Detail["CallRefusal"]["type"].InnerText, error.Message);
    }
    TrackNumber[] numbers;
    StatusOrder[] states;
    return new Dictionary<string, object> {
      { "checked", Of(fits, length, width, height, weight, comment) },
      { "refused", Of(isAdmitted, refusal) },
      { "offer", Of(parcel.TypeName, parcel.Cost, parcel.PreparingCost) },
      { "details", Of(details.Sum(one => Cents(one.Cost)), details.All(one => one.Description != "")) },
      { "pushed", Of(pushed > 0, isSame) },
      { "listed", Of(listed > 0, isListedOnce) },
      { "fault", fault },
      { "marks", Of(Text(shop.GetTrackNumbers(new DateTime(), out numbers)), Text(shop.GetStatusesOrders(new DateTime(), false, out states))) },
    };
  }

  static Dictionary<string, object> Follow(DateTime numbersMark, DateTime statesMark) {
    TrackNumber[] numbers;
    StatusOrder[] states, completed;
    var numbersNext = shop.GetTrackNumbers(numbersMark, out numbers);
    var statesNext = shop.GetStatusesOrders(statesMark, false, out states);
    shop.GetStatusesOrders(statesMark, true, out completed);
    var billed = shop.GetBillingData(new DateTime(2020, 1, 1), new DateTime(2199, 1, 1)).Where(one => one.ExtNumber == order);
    return new Dictionary<string, object> {
      { "numbers", numbers.OrderBy(one => one.Number, StringComparer.Ordinal).Select(one => Of(one.OrderID, one.Number, one.Activity)).ToArray() },
      { "states", states.Select(one => Of(one.OrderID, one.StatusId, one.Status, one.Completed)).ToArray() },
      { "completed", completed.Select(one => (object)one.Status).ToArray() },
      { "billed", billed.OrderBy(one => one.Service, StringComparer.Ordinal).Select(one => Of(one.Service, Cents(one.Amount))).ToArray() },
      { "isLater", Of(numbersNext > numbersMark, statesNext > statesMark) },
    };
  }

  static int Main(string[] arguments) {
    shop = new Delivery { Url = arguments[0], Credentials = new NetworkCredential(arguments[1], arguments[2]) };
    order = arguments[3];
    var told = arguments[4] == "place"
      ? Place(float.Parse(arguments[5], CultureInfo.InvariantCulture))
      : Follow(Read(arguments[5]), Read(arguments[6]));
    Console.WriteLine(Json(told));
    return 0;
  }
}
