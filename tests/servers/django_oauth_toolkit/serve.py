"""django-oauth-toolkit on loopback, as tests/servers/django_oauth_toolkit.mjs wants it.

The first line of the standard input is a JSON object with the options; each later one is a command. Each is answered by
one line of JSON. The server ends with its standard input, so it never outlives the test that started it.
"""

import json
import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

options = json.loads(sys.stdin.readline())


def signing_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode()


settings.configure(
    SECRET_KEY=os.urandom(16).hex(),
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    USE_TZ=True,
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
        "corsheaders",
    ],
    MIDDLEWARE=[
        "corsheaders.middleware.CorsMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.RemoteUserMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"],
    CORS_ALLOWED_ORIGINS=options["origins"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(options["folder"]) / "database.sqlite3"),
            # Requests that write at once wait for one another in place of failing.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"},
        }
    },
    # Tables as they are today, without the way there.
    MIGRATION_MODULES={app: None for app in ("auth", "contenttypes", "sessions", "oauth2_provider")},
    # A slow one, as it should be elsewhere, would take most of each request's time: it is tried on the client's secret.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGGING_CONFIG=None,
    OAUTH2_PROVIDER={
        "ALLOWED_SCHEMES": ["http", "https"],
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": options.get("publicOrigin") or "",
        "OIDC_RSA_PRIVATE_KEY": signing_key(),
        "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Validator",
        "SCOPES": {scope: scope for scope in options["scopes"]},
        "ACCESS_TOKEN_EXPIRE_SECONDS": options["accessTokenSeconds"],
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": options["graceSeconds"],
        "REFRESH_TOKEN_REUSE_PROTECTION": options["reuseProtection"],
    },
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402
from oauth2_provider.models import (  # noqa: E402
    get_access_token_model,
    get_application_model,
    get_refresh_token_model,
)
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402

urlpatterns = [path("", include("oauth2_provider.urls"))]
both = threading.Barrier(2)


class Validator(OAuth2Validator):
    def validate_refresh_token(self, refresh_token, client, request, *args, **kwargs):
        valid = super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)
        # Two requests that say so have both looked their token up before either spends it: the worst moment, at will.
        if request.headers.get("HTTP_X_MEET"):
            both.wait(10)
        return valid


def add_client(client):
    get_application_model().objects.create(
        client_id=client["clientId"],
        client_type="public",
        # Without this it would get one, and the introspection endpoint would ask for it.
        client_secret="",
        authorization_grant_type="authorization-code",
        algorithm="RS256",
        redirect_uris=" ".join(client["redirectUris"]),
        post_logout_redirect_uris=" ".join(client.get("postLogoutRedirectUris", [])),
        # The app is the server owner's own, so nobody is asked.
        skip_authorization=True,
    )


def age(seconds):
    """Everything that this server has noted gets older: what was just spent was spent so long ago."""
    past = timedelta(seconds=seconds)
    get_refresh_token_model().objects.filter(revoked__isnull=False).update(revoked=F("revoked") - past)
    get_access_token_model().objects.update(expires=F("expires") - past)


def say(words):
    print(json.dumps(words), flush=True)


def obey():
    for line in sys.stdin:
        command = json.loads(line)
        if "age" in command:
            age(command["age"])
        connection.close()
        say({"done": True})
    os._exit(0)


call_command("migrate", run_syncdb=True, verbosity=0)
get_user_model().objects.create_user(os.environ["REMOTE_USER"])
for client in options["clients"]:
    add_client(client)
connection.close()


def bound(port):
    say({"port": port})
    threading.Thread(target=obey, daemon=True).start()


run("127.0.0.1", options["port"], get_wsgi_application(), threading=True, on_bind=bound)
