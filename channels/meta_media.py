"""
Files and words a Messenger or Instagram item names, fetched while Meta still has them.

Files lie at addresses of Meta's delivery network that need no token and soon expire; any other host
is refused. The words of a mention are asked of the Graph API.
"""

from collections.abc import Mapping, Sequence

from yarl import URL

from channels.contract import Outcome, Receipt, Refused, RemoteFile, Sink
from channels.media import download
from channels.meta_comments import MENTION
from channels.meta_graph import Graph, judge
from channels.provider_http import Answer

_FIELDS = {
    "mentioned_comment.comment_id": "id,text,timestamp",
    "mentioned_media.media_id": "id,caption,username,timestamp,permalink",
}


async def fetch_page_file(
    graph: Graph, file: RemoteFile, sink: Sink, hosts: Sequence[str]
) -> Outcome:
    """Get one file, or the words of one mention."""
    if file.key.startswith(MENTION):
        return await _words(graph, file.key.removeprefix(MENTION), sink)
    return await fetch_address(file.key, sink, hosts=hosts, api_url=graph.options.api_url)


async def fetch_address(  # noqa: PLR0913 (what is asked, and its limits, by name)
    url: str,
    sink: Sink,
    *,
    hosts: Sequence[str],
    api_url: str,
    headers: Mapping[str, str] | None = None,
    sha256: str = "",
) -> Outcome:
    """Get a file from Meta's hosts; the operator's own api_url may also be inside a network."""
    try:
        is_trusted = URL(url).origin() == URL(api_url).origin()
    except ValueError:
        return Refused(reason="no address to fetch")
    return await download(
        url, sink, hosts=hosts, headers=headers, trusted=is_trusted, sha256=sha256
    )


async def _words(graph: Graph, ids: str, sink: Sink) -> Outcome:
    account, media_id, comment_id = [*ids.split(":"), "", ""][:3]
    name = "mentioned_comment.comment_id" if comment_id else "mentioned_media.media_id"
    fields = f"{name}({comment_id or media_id}){{{_FIELDS[name]}}}"
    answer = await graph.get(account, {"fields": fields})
    outcome = judge(answer)
    if not isinstance(outcome, Receipt) or not isinstance(answer, Answer):
        return outcome
    words = _said(answer.json(), name.partition(".")[0])
    if not words:
        return Refused(reason="the mention has no words any more")
    await sink.write(words.encode("utf-8", "replace"))
    return Receipt(reference="text/plain")


def _said(told: object, name: str) -> str:
    mentioned = told.get(name) if isinstance(told, dict) else None
    if not isinstance(mentioned, dict):
        return ""
    named = (mentioned.get(key) for key in ("username", "text", "caption", "permalink"))
    return "\n".join(text for text in named if isinstance(text, str))
