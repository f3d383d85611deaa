"""The words of Cronsole as frozen structs and enums; imports nothing else of ours."""
