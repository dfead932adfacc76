<?php

namespace Canyon\Tests\Unit\Installer;

use Canyon\Exception;
use Canyon\Installer\Project;
use Canyon\Installer\Proposal;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\TestCase;

final class ProjectTest extends TestCase
{
    private string $root;

    private Project $project;

    protected function setUp(): void
    {
        mkdir($this->root = sys_get_temp_dir().'/canyon-project-'.bin2hex(random_bytes(8)));

        $this->project = new Project($this->root);
    }

    protected function tearDown(): void
    {
        (new Filesystem)->deleteDirectory($this->root);
    }

    public function test_a_new_file_comes_with_its_folder(): void
    {
        $this->project->apply(Proposal::edit('a/b/c.txt', null, 'text'));

        $this->assertSame('text', $this->project->read('a/b/c.txt'));
    }

    public function test_a_file_that_has_changed_meanwhile_is_left_alone(): void
    {
        file_put_contents($this->root.'/a.txt', 'saved in an editor');

        $this->assertRefused('The file [a.txt] has changed meanwhile, so it was left alone.', Proposal::edit('a.txt', 'as it was', 'new'));
        $this->assertRefused('The file [a.txt] has changed meanwhile, so it was left alone.', Proposal::edit('a.txt', null, 'new'));
        $this->assertSame('saved in an editor', $this->project->read('a.txt'));
    }

    public function test_a_file_that_would_not_be_php_any_more_is_left_alone(): void
    {
        file_put_contents($this->root.'/a.php', '<?php return [];');

        $this->assertRefused('The file [a.php] is written in a way that cannot be edited safely', Proposal::edit('a.php', '<?php return [];', '<?php return [;'));
        $this->assertSame('<?php return [];', $this->project->read('a.php'));
    }

    private function assertRefused(string $message, Proposal $edit): void
    {
        try {
            $this->project->apply($edit);
        } catch (Exception $e) {
            $this->assertStringContainsString($message, $e->getMessage());

            return;
        }

        $this->fail('The edit was made.');
    }
}
