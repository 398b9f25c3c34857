<?php
// The bank by PHP's SoapClient: makes a customer with an account, reads, lists, freezes, is refused. Prints what it heard as JSON.
[, $wsdl, $user, $password, $version] = $argv;
$client = new SoapClient($wsdl, [
    'login' => $user,
    'password' => $password,
    'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'exceptions' => true,
]);

$customer = $client->CreateCustomer([
    'name' => 'Ada <&> Lovelace', 'email' => "ada-php-$version@example.com", 'country' => 'MT', 'birthDate' => '1990-12-10', 'kind' => 'person',
])->customer;
// A header block of ours, as one that cannot set headers of HTTP would say it; the same twice is one account.
$client->__setSoapHeaders(new SoapHeader('urn:pons:soap', 'IdempotencyKey', "php-$version"));
$made = ['customer' => $customer->id, 'name' => 'Engine', 'currency' => 'EUR', 'maxBalance' => 9007199254740993];
$account = $client->CreateAccount($made)->account;
$again = $client->CreateAccount($made)->account;
$client->__setSoapHeaders();
$read = $client->GetAccount(['id' => $account->id])->account;
$listed = $client->ListAccounts([
    'where' => ['customer' => [$customer->id], 'currency' => ['EUR', 'JPY']],
    'condition' => [['field' => 'maxBalance', 'operator' => 'gte', 'value' => ['9007199254740993']]],
    'sort' => [['field' => 'name', 'direction' => 'desc']],
    'include' => [['name' => 'customer']],
]);
$frozen = $client->FreezeAccount(['id' => $account->id, 'reason' => 'Card reported stolen'])->account;
$fault = null;
try {
    $client->FreezeAccount(['id' => $account->id, 'reason' => 'again']);
} catch (SoapFault $error) {
    $refusal = $error->detail->CallRefusal;
    $fault = ['message' => $error->getMessage(), 'type' => $refusal->type, 'status' => (int) $refusal->status, 'hasId' => $refusal->requestId !== ''];
}

echo json_encode([
    'name' => $customer->name,
    'birthDate' => $customer->birthDate,
    'maxBalance' => (string) $read->maxBalance,
    'balance' => (string) $read->balance,
    'hasZone' => str_ends_with($read->createdAt, 'Z'),
    'listed' => [$listed->page->totalRecords, count($listed->account), $listed->account[0]->customerRow->name],
    'status' => $frozen->status,
    'fault' => $fault,
    'isSame' => $again->id === $account->id,
]), "\n";
