"""For Tortoise's own command line: ``tortoise -c webapp.tortoise_config.TORTOISE …``."""

from webapp.database import tortoise_config
from webapp.settings import read_settings

TORTOISE = tortoise_config(read_settings())
