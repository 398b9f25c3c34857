<?php
// A shop by PHP's SoapClient: prices a basket, places an order and lists it (place); asks later what became of it (follow). Prints what it heard as JSON.
[, $wsdl, $user, $password, $version, $order, $phase] = $argv;
$shop = new SoapClient($wsdl, [
    'login' => $user,
    'password' => $password,
    'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'exceptions' => true,
]);
const BEGINNING = '0001-01-01T00:00:00';

function piece(float $length, float $width, float $height, float $weight, int $quantity): array {
    return ['Length' => $length, 'Width' => $width, 'Height' => $height, 'Weight' => $weight, 'Qty' => $quantity];
}

function place(SoapClient $shop, string $order, float $tooHeavy): array {
    $checked = $shop->CheckDimensions([
        'DimensionsList' => [piece(0.130, 0.100, 0.001, 0.1, 2), piece(0.1331, 0.0998, 0.0788, 0.575, 1)],
    ]);
    $refused = $shop->CheckDimensions(['DimensionsList' => [piece(0.3, 0.3, 0.3, $tooHeavy, 1)]]);
    $goods = [['SKU' => 'SOAP-01', 'Name' => 'Soap box'] + piece(0.133, 0.1, 0.079, 0.575, 2) + ['Price' => 9.9, 'VATRate' => '20%']];
    $address = ['Index' => '10100', 'City' => 'Alderburg', 'Street' => 'Clock Lane', 'Home' => '7'];
    $quoted = $shop->CalculateShippingCost([
        'DeclaredCost' => 19.8, 'Goods' => $goods, 'Address' => $address,
        'TypeOfSeal' => 2, 'SturdyPackaging' => false, 'CashOnDelivery' => false,
    ]);
    $parcel = array_values(array_filter($quoted->Types, fn ($one) => $one->TypeId === 3))[0];
    $details = $shop->GetDetailsOfCost(['ID' => $quoted->return, 'TypeId' => 3])->return;
    $push = fn (string $number): int => $shop->PushOrder([
        'ID' => $order, 'Number' => $number, 'Date' => '2026-01-31T09:30:00Z',
        'Customer' => ['ID' => 'C-1', 'Name' => 'Ada Lovelace', 'Email' => 'ada@example.com', 'Address' => $address],
        'DeclaredCost' => 19.8, 'AmountToBePaid' => 0, 'DeliveryTypeId' => 3, 'TypeOfSeal' => 2, 'SturdyPackaging' => false,
        'Activity' => true, 'Goods' => $goods, 'DeliveryDate' => BEGINNING, 'StartTimeDelivery' => 0, 'EndTimeDelivery' => 0,
    ])->return;
    $list = fn (): int => $shop->PushReestr([
        'ID' => "M $order", 'Number' => '1', 'Date' => '2026-01-31T09:30:00Z', 'DateOfShipment' => '2026-01-31T09:30:00Z', 'IDs' => [$order],
    ])->return;
    $pushed = [$push('1'), $push('1')];
    $listed = [$list(), $list()];
    $fault = null;
    try {
        $push('2');
    } catch (SoapFault $error) {
        $fault = [preg_replace('/.*:/', '', $error->faultcode), $error->detail->CallRefusal->type, $error->getMessage()];
    }
    return [
        'checked' => [$checked->return, $checked->Length, $checked->Width, $checked->Height, $checked->Weight, $checked->Comment],
        'refused' => [$refused->return, $refused->Comment],
        'offer' => [$parcel->TypeName, $parcel->Cost, $parcel->PreparingCost],
        'details' => [
            array_sum(array_map(fn ($one) => (int) round($one->Cost * 100), $details)),
            count(array_filter($details, fn ($one) => $one->Description === '')) === 0,
        ],
        'pushed' => [$pushed[0] > 0, $pushed[0] === $pushed[1]],
        'listed' => [$listed[0] > 0, $listed[0] === $listed[1]],
        'fault' => $fault,
        'marks' => [
            $shop->GetTrackNumbers(['DateOfLastGetting' => BEGINNING])->return,
            $shop->GetStatusesOrders(['DateOfLastGetting' => BEGINNING, 'OnlyCompleted' => false])->return,
        ],
    ];
}

function follow(SoapClient $shop, string $order, string $numbersMark, string $statesMark): array {
    $numbers = $shop->GetTrackNumbers(['DateOfLastGetting' => $numbersMark]);
    $states = $shop->GetStatusesOrders(['DateOfLastGetting' => $statesMark, 'OnlyCompleted' => false]);
    $completed = $shop->GetStatusesOrders(['DateOfLastGetting' => $statesMark, 'OnlyCompleted' => true]);
    $billed = $shop->GetBillingData(['BeginDate' => '2020-01-01T00:00:00', 'EndDate' => '2199-01-01T00:00:00'])->return;
    $own = array_values(array_filter($billed, fn ($one) => $one->ExtNumber === $order));
    $told = array_map(fn ($one) => [$one->OrderID, $one->Number, $one->Activity], $numbers->TrackNumbers);
    $items = array_map(fn ($one) => [$one->Service, (int) round($one->Amount * 100)], $own);
    sort($told);
    sort($items);
    return [
        'numbers' => $told,
        'states' => array_map(fn ($one) => [$one->OrderID, $one->StatusId, $one->Status, $one->Completed], $states->StatusesOrders),
        'completed' => array_map(fn ($one) => $one->Status, $completed->StatusesOrders),
        'billed' => $items,
        'isLater' => [
            new DateTimeImmutable($numbers->return) > new DateTimeImmutable($numbersMark),
            new DateTimeImmutable($states->return) > new DateTimeImmutable($statesMark),
        ],
    ];
}

echo json_encode($phase === 'place' ? place($shop, $order, (float) $argv[7]) : follow($shop, $order, $argv[7], $argv[8])), "\n";
