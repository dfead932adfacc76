<?php

namespace Canyon\Installer;

interface Step
{
    /**
     * Propose what should become of some files; each proposal may rely on the edits before it.
     *
     * @return iterable<Proposal>
     */
    public function propose(): iterable;
}
