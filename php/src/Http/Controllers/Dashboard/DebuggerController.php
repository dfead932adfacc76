<?php

namespace Canyon\Http\Controllers\Dashboard;

use Canyon\CanyonManager;
use Canyon\Dashboard\ActingUser;
use Canyon\Dashboard\RefusalReason;
use Canyon\Dashboard\Settings;
use Canyon\Http\ChannelAuthorization;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Auth\Authenticatable;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Symfony\Component\HttpKernel\Exception\UnprocessableEntityHttpException;

class DebuggerController extends Controller
{
    /**
     * Create a new controller instance.
     */
    public function __construct(
        CanyonManager $canyon,
        Settings $settings,
        protected readonly BroadcastManager $broadcasting,
        protected readonly ActingUser $users,
        protected readonly ChannelAuthorization $authorization,
    ) {
        parent::__construct($canyon, $settings);
    }

    /**
     * Tell whether there is such a user.
     */
    public function user(Request $request): JsonResponse
    {
        $this->ensureAllows('debugger');

        return new JsonResponse(['id' => $this->chosen($request)?->getAuthIdentifier()]);
    }

    /**
     * Have the application authorize the chosen user for a channel, as if it was them who asked.
     */
    public function authorize(Request $request): JsonResponse
    {
        $this->ensureAllows('debugger');

        $guard = $this->text($request, 'guard');
        $user = $this->chosen($request);
        $broadcaster = $this->broadcasting->connection($this->canyon->getDefaultConnection());

        // A callback sees what it would see, and nothing of the debugger.
        $request->replace(['socket_id' => $request->input('socket_id'), 'channel_name' => $request->input('channel_name')]);

        $answer = $this->users->during($request, $guard, $user, fn () => (
            $this->authorization->answer($request, static fn () => $broadcaster->auth($request))
        ));

        if (isset($answer->status)) {
            $answer->message = (new RefusalReason($broadcaster, $guard, $user))->for($answer, $this->text($request, 'channel_name'));
        }

        return new JsonResponse($answer, $answer->status ?? 200);
    }

    /**
     * Get the user who was chosen; nobody is a guest.
     */
    protected function chosen(Request $request): ?Authenticatable
    {
        $guard = $this->text($request, 'guard');
        $id = $this->text($request, 'user');

        if ($id === '') {
            return null;
        }

        return $this->users->find($guard, $id)
            ?? throw new UnprocessableEntityHttpException("The guard [{$guard}] has no user with the ID [{$id}].");
    }
}
