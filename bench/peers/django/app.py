"""The same work on Django REST Framework, as its documentation shows it: ModelViewSet, token authentication, pagination, filters, an
envelope, and an audit row in the same transaction. The token's owner is cached by its SHA-256 and connections are kept, so that the database
is asked for the data alone. Transfers lock both accounts in the order of their ids, check them, and write, in one transaction. Served by gunicorn: `gunicorn app:application`. Environment: DATABASE_URL.
"""
import hashlib
import os
import time
import uuid
from urllib.parse import unquote, urlparse

import django
from django.conf import settings

database = urlparse(os.environ["DATABASE_URL"])
settings.configure(
    DEBUG=False,
    SECRET_KEY=str(uuid.uuid4()),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    USE_I18N=False,
    DATA_UPLOAD_MAX_MEMORY_SIZE=16 * 1024 * 1024,
    INSTALLED_APPS=["rest_framework", "django_filters"],
    MIDDLEWARE=["django.middleware.http.ConditionalGetMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": database.hostname,
            "PORT": database.port,
            "USER": unquote(database.username),
            "PASSWORD": unquote(database.password),
            "NAME": database.path.lstrip("/"),
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_filters.rest_framework import DjangoFilterBackend  # noqa: E402
from rest_framework import authentication, exceptions, filters, pagination, permissions, renderers, routers, serializers, viewsets  # noqa: E402
from rest_framework.response import Response  # noqa: E402


def new_id():
    return "cus_" + uuid.uuid4().hex


def new_transfer_id():
    # Ids that grow with time: a random one would scatter over the index.
    return "trf_%012x%s" % (time.time_ns() // 1_000_000, uuid.uuid4().hex[12:])


class Customer(models.Model):
    id = models.TextField(primary_key=True, default=new_id)
    name = models.TextField()
    email = models.TextField()
    phone = models.TextField(null=True)
    country = models.TextField()
    language = models.TextField(default="en")
    birthDate = models.DateField(null=True)
    kind = models.TextField(default="person")
    status = models.TextField(default="active")
    taxNumber = models.TextField(null=True)
    openAccounts = models.BigIntegerField(default=0)
    lastActiveAt = models.DateTimeField(null=True)
    createdAt = models.DateTimeField(default=timezone.now)
    updatedAt = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "bank"
        db_table = "customers"
        managed = False


class Account(models.Model):
    id = models.TextField(primary_key=True)
    customer = models.TextField(null=True)
    kind = models.TextField()
    name = models.TextField()
    currency = models.TextField()
    debitsPosted = models.BigIntegerField()
    creditsPosted = models.BigIntegerField()
    debitsPending = models.BigIntegerField()
    creditsPending = models.BigIntegerField()
    balance = models.BigIntegerField()
    overdraftLimit = models.BigIntegerField()
    maxBalance = models.BigIntegerField(null=True)
    status = models.TextField()
    frozenReason = models.TextField(null=True)
    iban = models.TextField()
    version = models.BigIntegerField()
    createdAt = models.DateTimeField()

    class Meta:
        app_label = "bank"
        db_table = "accounts"
        managed = False


class Transfer(models.Model):
    id = models.TextField(primary_key=True, default=new_transfer_id)
    debit = models.TextField()
    credit = models.TextField()
    amount = models.BigIntegerField()
    currency = models.TextField()
    kind = models.TextField(default="payment")
    reference = models.TextField(null=True)
    effectiveAt = models.DateTimeField(default=timezone.now)
    debitBalance = models.BigIntegerField()
    debitVersion = models.BigIntegerField()
    creditBalance = models.BigIntegerField()
    creditVersion = models.BigIntegerField()
    createdAt = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "bank"
        db_table = "transfers"
        managed = False


class Audit(models.Model):
    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    actor = models.TextField()
    operation = models.TextField()
    subject = models.TextField()
    request_id = models.TextField()
    after = models.JSONField()

    class Meta:
        app_label = "bank"
        db_table = "audit"
        managed = False


class Actor:
    is_authenticated = True

    def __init__(self, name):
        self.name = name


class Key(authentication.BaseAuthentication):
    known = {}

    def authenticate(self, request):
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        digest = hashlib.sha256(key.encode()).hexdigest()
        if scheme != "Bearer":
            return None
        if digest not in self.known:
            with connection.cursor() as cursor:
                cursor.execute("select actor from api_keys where hash = %s", [digest])
                row = cursor.fetchone()
            if row is None:
                raise exceptions.AuthenticationFailed()
            self.known[digest] = Actor(row[0])
        return self.known[digest], None

    def authenticate_header(self, request):
        return "Bearer"


class Envelope(renderers.JSONRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        if renderer_context["response"].exception:
            data = {"success": False, "error": data}
        elif isinstance(data, dict) and "pagination" in data:
            data = {"success": True, **data}
        else:
            data = {"success": True, "data": data}
        return super().render(data, accepted_media_type, renderer_context)


class Pages(pagination.PageNumberPagination):
    page_size = 20
    max_page_size = 100
    page_size_query_param = "perPage"

    def get_paginated_response(self, data):
        paginator = self.page.paginator
        return Response(
            {
                "data": data,
                "pagination": {
                    "totalRecords": paginator.count,
                    "totalPages": paginator.num_pages,
                    "currentPage": self.page.number,
                    "perPage": paginator.per_page,
                    "maxPerPage": self.max_page_size,
                },
            }
        )


class AccountSerializer(serializers.ModelSerializer):
    class Meta:
        model = Account
        fields = "__all__"


class CustomerSerializer(serializers.ModelSerializer):
    name = serializers.CharField(min_length=1, max_length=255)
    email = serializers.EmailField()
    phone = serializers.RegexField(r"^\+[1-9][0-9]{6,14}$", required=False)
    country = serializers.RegexField(r"^[A-Z]{2}$")
    kind = serializers.ChoiceField(["person", "company"], default="person")

    class Meta:
        model = Customer
        fields = "__all__"
        read_only_fields = ["id", "status", "openAccounts", "lastActiveAt", "createdAt", "updatedAt"]


class Managed(viewsets.ModelViewSet):
    authentication_classes = [Key]
    permission_classes = [permissions.IsAuthenticated]
    renderer_classes = [Envelope]
    pagination_class = Pages
    filter_backends = [DjangoFilterBackend, filters.OrderingFilter]

    def initial(self, request, *args, **kwargs):
        self.request_id = request.headers.get("X-Request-Id") or str(uuid.uuid4())
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request, response, *args, **kwargs):
        response["X-Request-Id"] = self.request_id
        return super().finalize_response(request, response, *args, **kwargs)


class Accounts(Managed):
    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    filterset_fields = ["status", "currency", "customer"]
    ordering_fields = ["balance", "createdAt"]


class Customers(Managed):
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    filterset_fields = ["status", "country"]
    ordering_fields = ["name", "createdAt"]

    def create(self, request, *args, **kwargs):
        many = isinstance(request.data, list)
        serializer = self.get_serializer(data=request.data, many=many)
        serializer.is_valid(raise_exception=True)
        rows = [Customer(**row) for row in (serializer.validated_data if many else [serializer.validated_data])]
        data = CustomerSerializer(rows, many=True).data
        with transaction.atomic():
            Customer.objects.bulk_create(rows)
            Audit.objects.bulk_create(
                Audit(
                    actor=request.user.name,
                    operation="customers.create",
                    subject=row["id"],
                    request_id=self.request_id,
                    after=row,
                )
                for row in data
            )
        return Response(data if many else data[0], status=200 if many else 201)


class TransferSerializer(serializers.ModelSerializer):
    amount = serializers.IntegerField(min_value=1, max_value=2**53 - 1)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    kind = serializers.ChoiceField(["payment", "deposit", "withdrawal"], default="payment")
    reference = serializers.CharField(max_length=140, required=False)

    class Meta:
        model = Transfer
        fields = "__all__"
        read_only_fields = ["id", "effectiveAt", "debitBalance", "debitVersion", "creditBalance", "creditVersion", "createdAt"]


def move(accounts, item):
    if item["debit"] == item["credit"]:
        raise exceptions.ValidationError("Both accounts are the same")
    source, target, amount = accounts.get(item["debit"]), accounts.get(item["credit"]), item["amount"]
    if source is None or target is None:
        raise exceptions.NotFound("There is no such account")
    if source.currency != item["currency"] or target.currency != item["currency"]:
        raise exceptions.ValidationError("An account is of another currency")
    if source.status != "active" or target.status != "active":
        raise exceptions.ValidationError("An account is not active")
    if source.balance - source.debitsPending + source.overdraftLimit < amount:
        raise exceptions.ValidationError("There is too little money")
    if target.maxBalance is not None and target.balance + amount > target.maxBalance:
        raise exceptions.ValidationError("The account may not hold so much")
    source.debitsPosted += amount
    source.balance -= amount
    source.version += 1
    target.creditsPosted += amount
    target.balance += amount
    target.version += 1
    return Transfer(
        **item,
        debitBalance=source.balance,
        debitVersion=source.version,
        creditBalance=target.balance,
        creditVersion=target.version,
    )


class Transfers(Managed):
    queryset = Transfer.objects.all()
    serializer_class = TransferSerializer
    filterset_fields = ["debit", "credit"]
    ordering_fields = ["createdAt"]

    def create(self, request, *args, **kwargs):
        many = isinstance(request.data, list)
        serializer = self.get_serializer(data=request.data, many=many)
        serializer.is_valid(raise_exception=True)
        items = serializer.validated_data if many else [serializer.validated_data]
        ids = {item[side] for item in items for side in ("debit", "credit")}
        with transaction.atomic():
            locked = Account.objects.select_for_update().filter(id__in=ids).order_by("id")
            accounts = {account.id: account for account in locked}
            rows = [move(accounts, item) for item in items]
            Account.objects.bulk_update(accounts.values(), ["debitsPosted", "creditsPosted", "balance", "version"])
            Transfer.objects.bulk_create(rows)
        data = TransferSerializer(rows, many=True).data
        return Response(data if many else data[0], status=200 if many else 201)


router = routers.SimpleRouter(trailing_slash=False)
router.register("accounts", Accounts)
router.register("customers", Customers)
router.register("transfers", Transfers)
urlpatterns = [path("", include(router.urls))]
application = get_wsgi_application()
