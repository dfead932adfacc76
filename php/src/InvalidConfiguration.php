<?php

namespace Canyon;

final class InvalidConfiguration extends Exception
{
    //
}
